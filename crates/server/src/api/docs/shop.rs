//! OpenAPI texts: health, metrics, audit, and the documents themselves.

use crate::api::shop::health::ReadyBody;
use crate::http::Code;
use crate::metrics::{OPEN_METRICS, PLAIN_TEXT};
use crate::openapi::{Answer, Operation, Tag};

pub(in crate::api) fn live() -> Operation {
    Operation::new(Tag::Health, "isLive", "Liveness probe")
        .paragraph("For a process manager: restart the process if this does not answer, or answers 503 `unavailable`.")
        .returns("The process is alive.")
}

pub(in crate::api) fn ready() -> Operation {
    Operation::new(Tag::Health, "isReady", "Readiness probe")
        .paragraph("For a load balancer: 503 `unavailable` while the shop stops, or while its store does not answer or cannot be written.")
        .paragraph("With `?verbose` the answer is JSON and lists every component. Only store and engine decide whether the shop is ready: it sells without the others.")
        .answers(
            Answer::json::<ReadyBody>(200, "The shop accepts commands, and its store accepts writes.")
                .or_plain("text/plain; charset=utf-8", "ok\n"),
        )
        .answers(Answer::json::<ReadyBody>(503, "With `?verbose`: what is down."))
        .refuses([Code::Unavailable])
}

pub(in crate::api) fn started() -> Operation {
    Operation::new(Tag::Health, "isStarted", "Startup probe")
        .paragraph("For a process manager: 200 as soon as the store is open and answers. Until then, the process does not listen.")
        .returns("The shop has started.")
}

pub(in crate::api) fn info() -> Operation {
    Operation::new(Tag::Health, "getInfo", "Get the build that answers")
        .paragraph("Version and commit, the stack that this process uses, and how long it has been running.")
        .returns("The build.")
}

pub(in crate::api) fn log_level() -> Operation {
    Operation::new(Tag::Administration, "getLogLevel", "Get the level of the log")
        .paragraph("Of the process that answers.")
        .returns("The level in force.")
}

pub(in crate::api) fn set_log_level() -> Operation {
    Operation::new(Tag::Administration, "setLogLevel", "Set the level of the log")
        .paragraph(
            "Applies to the process that answers, at once, until it ends; `log.level` of the settings is not changed.",
        )
        .returns("The level in force.")
}

pub(in crate::api) fn metrics() -> Operation {
    const PLAIN: &str = "# TYPE doorbuster_orders_total counter\ndoorbuster_orders_total 800\n";
    const OPEN: &str = "# TYPE doorbuster_orders counter\ndoorbuster_orders_total 800\n# EOF\n";
    let all = Answer::text(200, "All metrics.", PLAIN_TEXT, PLAIN).or_text(OPEN_METRICS, OPEN);
    Operation::new(Tag::Health, "getMetrics", "Get the metrics for Prometheus")
        .paragraph("In the Prometheus text format 0.0.4, or as OpenMetrics if `Accept` prefers it, as Prometheus does.")
        .answers(all)
}

pub(in crate::api) fn now() -> Operation {
    Operation::new(Tag::Administration, "getNow", "Get the course of the last seconds")
        .paragraph("Orders, coupons, refusals, latency and queue depth of each second, up to an hour back, as this process answered. Other processes keep their own.")
        .returns("The seconds, oldest first.")
}

pub(in crate::api) fn alerts() -> Operation {
    Operation::new(Tag::Administration, "listAlerts", "List alerts")
        .paragraph("Situations that an operator should know of, newest first: only open ones, or all. Each was raised once for all processes; `docs/monitoring.md` says what to do.")
        .returns("A page of alerts.")
}

pub(in crate::api) fn audit() -> Operation {
    Operation::new(Tag::Administration, "auditShop", "Audit the shop")
        .paragraph("Reads one consistent snapshot of the whole store and checks every law on it: stock, coupons, points, money and orders must agree. Changes nothing.")
        .returns("The result of each law, and what a repair would do.")
}

pub(in crate::api) fn repair() -> Operation {
    Operation::new(Tag::Administration, "repairShop", "Repair derived data")
        .paragraph("Recomputes derived figures from the facts, and recreates lost timers. Facts are never changed.")
        .returns("The repairs, with the audit before and after.")
}

pub(in crate::api) fn archive() -> Operation {
    Operation::new(Tag::Administration, "archiveEvents", "Move old events to files")
        .paragraph("Audits the shop, writes the events from before a moment to compressed NDJSON files in the folder `archive` of the data folder, and then removes them from the store. What an audit needs of them stays.")
        .paragraph("Refuses events that are still needed, as by open orders or groups that have not handled them, and says which moment would be possible. May be repeated after a failure.")
        .returns("What was archived.")
        .refuses([Code::ArchiveRefused])
}

pub(in crate::api) fn document() -> Operation {
    Operation::new(Tag::Documents, "getDocument", "Get this document")
        .paragraph("Generated from the code of the handlers; the same for every shop of this version.")
        .answers(Answer::json::<serde_json::Map<String, serde_json::Value>>(200, "An OpenAPI 3.1 document."))
}

pub(in crate::api) fn page() -> Operation {
    Operation::new(Tag::Documents, "getReference", "Get this document as a web page")
        .paragraph("The page loads nothing from other hosts.")
        .answers(Answer::text(200, "An HTML page.", "text/html; charset=utf-8", "<!doctype html>"))
}

/// A page of the storefront; not listed.
pub(in crate::api) fn storefront() -> Operation {
    Operation::new(Tag::Documents, "", "").page()
}

/// The files of the web page, and the redirect to it; not listed.
pub(in crate::api) fn part() -> Operation {
    Operation::new(Tag::Documents, "", "").unlisted()
}
