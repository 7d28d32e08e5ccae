//! `doorbuster trail`: what people and programs changed, through the shop's admin endpoint.

use std::process::ExitCode;

use crate::cli::TrailArgs;
use crate::commands::Error;
use crate::commands::admin::client::shown;

const COLUMNS: [&str; 7] = ["at", "userId", "role", "keyId", "action", "subject", "reason"];

pub(in crate::commands) fn run(args: &TrailArgs) -> Result<ExitCode, Error> {
    let TrailArgs { by, subject, action, since, until, list } = args;
    let filters = [
        ("userId", by.map(|by| by.to_string())),
        ("subject", subject.clone()),
        ("action", action.clone()),
        ("from", since.clone()),
        ("to", until.clone()),
    ];
    shown::list("/api/admin/trail", &filters, list, &COLUMNS)
}
