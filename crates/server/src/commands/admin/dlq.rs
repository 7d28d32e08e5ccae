//! `doorbuster dlq`: manages dead letters through the shop's admin endpoints.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::{ask, plain};
use crate::cli::{DlqArgs, DlqCommand, ShopArgs};
use crate::commands::Error;
use crate::commands::output::table::{aligned, counted};

const LETTERS: &str = "/api/admin/dead-letters";

pub(in crate::commands) fn run(args: &DlqArgs) -> Result<ExitCode, Error> {
    match &args.act {
        DlqCommand::List { all, limit, shop } => {
            ask(shop, "GET", &format!("{LETTERS}?all={all}&limit={limit}"), None, table_or_page)
        }
        DlqCommand::Show { letter, shop } => ask(shop, "GET", &format!("{LETTERS}/{letter}"), None, table_or_page),
        DlqCommand::Edit { letter, payload, reason, shop } => {
            let body = json!({"payload": payload, "reason": reason});
            ask(shop, "PATCH", &format!("{LETTERS}/{letter}"), Some(&body), table_or_page)
        }
        DlqCommand::Resend { letter, reason, shop } => act(shop, *letter, "resend", reason),
        DlqCommand::Drop { letter, reason, shop } => act(shop, *letter, "drop", reason),
    }
}

fn act(shop: &ShopArgs, letter: i64, act: &str, reason: &str) -> Result<ExitCode, Error> {
    ask(shop, "POST", &format!("{LETTERS}/{letter}/{act}"), Some(&json!({"reason": reason})), table_or_page)
}

fn table_or_page(answer: &Value) -> String {
    match answer["data"].as_array() {
        Some(letters) => table(letters, answer),
        None => page(answer),
    }
}

fn table(letters: &[Value], answer: &Value) -> String {
    if letters.is_empty() {
        return "No dead letters.".to_owned();
    }
    let cells = |letter: &Value| {
        let error = cell(letter, "error").lines().next().unwrap_or_default().to_owned();
        let attempts = counted(cell(letter, "attempts"), "attempt");
        let [id, status, group, kind] = ["letterId", "status", "group", "type"].map(|name| cell(letter, name));
        vec![id, status, group, kind, attempts, error]
    };
    let mut text = aligned(&letters.iter().map(cells).collect::<Vec<_>>()) + "\n";
    let more = if answer["nextCursor"].is_null() { "" } else { "There are more; --limit shows up to 100. " };
    let _ = write!(text, "{more}`doorbuster dlq show NUMBER` shows all of one.");
    text
}

/// Formats everything about one dead letter, one line each.
fn page(letter: &Value) -> String {
    let mut text = String::new();
    for (name, value) in letter.as_object().into_iter().flatten().filter(|(name, _)| *name != "acts") {
        let _ = writeln!(text, "{name:<14} {}", plain(value));
    }
    for act in letter["acts"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "{:<14} {}: {}", cell(act, "at"), cell(act, "act"), cell(act, "reason"));
    }
    text.truncate(text.trim_end().len());
    text
}

fn cell(of: &Value, name: &str) -> String {
    plain(&of[name])
}
