//! The result of one check.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// Something to act on.
    Found,
    /// Not checked, and the detail says why.
    Skipped,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Found => "FOUND",
            Status::Skipped => "skipped",
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    /// The advice for an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding { check, status: Status::Ok, detail: detail.into(), next: None }
    }

    pub(super) fn found(check: &'static str, detail: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding { check, status: Status::Found, detail: detail.into(), next: Some(next.into()) }
    }

    pub(super) fn skipped(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding { check, status: Status::Skipped, detail: detail.into(), next: None }
    }

    /// Returns the finding of a rule that holds or not.
    pub(super) fn rule(
        check: &'static str,
        holds: bool,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Finding {
        if holds { Finding::ok(check, detail) } else { Finding::found(check, detail, next) }
    }
}
