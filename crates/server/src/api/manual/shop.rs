//! The shop itself: its health, its audit, its documents.

use crate::openapi::{Answer, Operation, Tag};

pub(in crate::api) fn live() -> Operation {
    Operation::new(Tag::Health, "isLive", "Whether the process can answer").gives("It can.")
}

pub(in crate::api) fn ready() -> Operation {
    Operation::new(Tag::Health, "isReady", "Whether commands are taken and the store answers").gives("They are.")
}

pub(in crate::api) fn metrics() -> Operation {
    const EXAMPLE: &str = "# EOF\n";
    Operation::new(Tag::Health, "getMetrics", "What the shop does, for Prometheus").answers(Answer::text(
        200,
        "All metrics.",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        EXAMPLE,
    ))
}

pub(in crate::api) fn audit() -> Operation {
    Operation::new(Tag::Administration, "auditShop", "Whether everything adds up").gives("The audit, law by law.")
}

pub(in crate::api) fn repair() -> Operation {
    Operation::new(Tag::Administration, "repairShop", "Put right what can be computed again")
        .gives("What was done, with the audit before and after.")
}

pub(in crate::api) fn document() -> Operation {
    Operation::new(Tag::Documents, "getDocument", "This document")
        .answers(Answer::json::<serde_json::Map<String, serde_json::Value>>(200, "OpenAPI 3.1."))
}

pub(in crate::api) fn page() -> Operation {
    Operation::new(Tag::Documents, "getReference", "This document, to read").answers(Answer::text(
        200,
        "A page that shows it.",
        "text/html; charset=utf-8",
        "<!doctype html>",
    ))
}

pub(in crate::api) fn script() -> Operation {
    Operation::new(Tag::Documents, "getReferenceScript", "The script of that page").answers(Answer::text(
        200,
        "An ES module.",
        "text/javascript; charset=utf-8",
        "",
    ))
}

pub(in crate::api) fn style() -> Operation {
    Operation::new(Tag::Documents, "getReferenceStyle", "The style of that page").answers(Answer::text(
        200,
        "A style sheet.",
        "text/css; charset=utf-8",
        "",
    ))
}
