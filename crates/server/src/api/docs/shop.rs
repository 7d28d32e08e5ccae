//! The shop itself: its health, its audit, its documents.

use crate::metrics::{OPEN_METRICS, PLAIN_TEXT};
use crate::openapi::{Answer, Operation, Tag};

pub(in crate::api) fn live() -> Operation {
    Operation::new(Tag::Health, "isLive", "Whether the process can answer and do its work")
        .says("For a process manager: it is restarted when this does not answer, or answers 503 `unavailable`.")
        .gives("It can.")
}

pub(in crate::api) fn ready() -> Operation {
    Operation::new(Tag::Health, "isReady", "Whether commands are taken and the store takes writes")
        .says("For a load balancer: 503 `unavailable` while the shop stops, or its store does not answer or takes no writes.")
        .gives("They are.")
}

pub(in crate::api) fn metrics() -> Operation {
    const PLAIN: &str = "# TYPE doorbuster_orders_total counter\ndoorbuster_orders_total 800\n";
    const OPEN: &str = "# TYPE doorbuster_orders counter\ndoorbuster_orders_total 800\n# EOF\n";
    let all = Answer::text(200, "All metrics.", PLAIN_TEXT, PLAIN).or_text(OPEN_METRICS, OPEN);
    Operation::new(Tag::Health, "getMetrics", "What the shop does, for Prometheus")
        .says("As text 0.0.4, or as OpenMetrics where `Accept` prefers it, as that of Prometheus does.")
        .answers(all)
}

pub(in crate::api) fn audit() -> Operation {
    Operation::new(Tag::Administration, "auditShop", "Whether everything adds up")
        .says("Reads the whole store as of one moment and holds it to every law: stock, coupons, points, money and orders have to agree. It changes nothing.").gives("The audit, law by law.")
}

pub(in crate::api) fn repair() -> Operation {
    Operation::new(Tag::Administration, "repairShop", "Put right what can be computed again")
        .says("Derived figures are computed again from the facts, and lost timers are made anew. What is itself a fact stays as it is. The answer has the audit before and after.")
        .gives("What was done, with the audit before and after.")
}

pub(in crate::api) fn document() -> Operation {
    Operation::new(Tag::Documents, "getDocument", "This document")
        .says("It is made from the code that answers, and is the same for every shop of this version.")
        .answers(Answer::json::<serde_json::Map<String, serde_json::Value>>(200, "OpenAPI 3.1."))
}

pub(in crate::api) fn page() -> Operation {
    Operation::new(Tag::Documents, "getReference", "This document, to read")
        .says("A page that needs a browser and nothing from elsewhere.")
        .answers(Answer::text(200, "A page that shows it.", "text/html; charset=utf-8", "<!doctype html>"))
}

/// The parts of that page, and the way to it.
pub(in crate::api) fn part() -> Operation {
    Operation::new(Tag::Documents, "", "").unlisted()
}
