//! The chapters of the manual, with what each page is for.

use super::source::Page;

/// A page's path, and one sentence about it.
type Line = (&'static str, &'static str);

/// The parts of the manual. Pages that they do not name are in the last one.
pub(super) const CHAPTERS: [(&str, &[Line]); 6] = [
    (
        "Begin",
        &[
            (
                "tutorials/first-drop",
                "Thirty customers want ten pairs of shoes: play the sale on your machine, and check who got one.",
            ),
            (
                "from-spring",
                "Move a shop on Spring Boot, Redisson and Kafka over, one campaign and one product at a time.",
            ),
            (
                "drops",
                "Sell products from one moment to another, with limits for each customer, a waiting room and a proof.",
            ),
            ("modes", "How an order claims stock, coupon and points: all at once, one after another, or in one step."),
            ("cluster", "From one process to MySQL, Kafka and Redis, one step at a time."),
            ("tutorials/going-live", "What to decide and to try before customers come, in order."),
        ],
    ),
    (
        "Connect",
        &[
            (
                "people",
                "Logging in and out, the roles of the staff, keys of programs, and the trail of what was changed.",
            ),
            ("webhooks", "Tell other systems of events by signed calls, which are repeated until they arrive."),
            ("notifications", "Tell users of their orders, coupons and payments by SMS, push message and e-mail."),
            (
                "notices",
                "The live notices of a customer over server-sent events or a WebSocket, numbered without a gap.",
            ),
            (
                "payments",
                "How an order is paid and refunded, also when the payment provider answers late or not at all.",
            ),
            ("analytics", "Orders and coupons by minute, hour and day, and exports for analyses of your own."),
            ("errors", "What a refused request answers, and every code with what to do next."),
            ("clients", "Generate clients with types for TypeScript, Python and Java."),
        ],
    ),
    (
        "Run",
        &[
            ("operations", "Exit codes, symptoms and their remedies: the page to have open when something is wrong."),
            ("settings", "Every setting with its default, its unit, and when to change it."),
            ("cli", "The commands of the program, and how they run a shop from a terminal."),
            ("tls", "Encrypted connections and logins: to customers, databases, Redis and brokers."),
            ("packages", "The Debian package, the container image and the Helm chart."),
            ("monitoring", "Metrics, traces, logs, dashboards and alerts."),
            ("audit", "Check that every unit, coupon, point and payment adds up, and repair what does not."),
            ("history", "The log of everything that happened, and the state of anything at an earlier moment."),
            ("sizing", "Calculate the processors, memory and disk that a load needs."),
            ("rehearsal", "Play a drop of your own in simulated time before it takes place."),
            ("replicas", "Copies of the store that lag by seconds, for the day when a disk is lost."),
            ("debezium", "Let Debezium publish the events instead of the shop."),
        ],
    ),
    (
        "When something happens",
        &[
            (
                "tutorials/broker-dies",
                "What customers notice when a broker dies, what you do, and how you know that it is over.",
            ),
            ("tutorials/load-test", "Find out what your machines carry before a promotion does."),
        ],
    ),
    (
        "Trust",
        &[
            ("guarantees", "Each promise, and the tests that show it."),
            ("performance", "What was measured, on which machine, and how to measure it yourself."),
            ("simulator", "Days of the shop in simulated time, with crashes and faults, from one seed."),
            ("fuzzing", "Any bytes against the functions that read the input of strangers."),
            ("api-fuzz", "Random requests against a running shop, checked by its own API document."),
            ("requirements", "What the five designs behind the shop ask for, by number."),
        ],
    ),
    (
        "More",
        &[
            ("glossary", "One word for each idea, in code, tables, topics and texts."),
            ("style", "How the code and the texts are written."),
        ],
    ),
];
const DECISIONS: &str = "decisions/";

/// A page in a list, with what it is for.
pub(super) struct Entry<'a> {
    pub(super) page: &'a Page,
    pub(super) says: String,
}

/// Returns the pages of each chapter, in order.
pub(super) fn chapters(pages: &[Page]) -> Vec<(&'static str, Vec<Entry<'_>>)> {
    let mut chapters: Vec<(&str, Vec<Entry<'_>>)> = vec![];
    for (title, lines) in CHAPTERS {
        let page_of = |path: &str| pages.iter().find(|page| page.path == path);
        let entry = |(path, says): &Line| Some(Entry { page: page_of(path)?, says: (*says).to_owned() });
        chapters.push((title, lines.iter().filter_map(entry).collect()));
    }
    let is_named = |page: &Page| CHAPTERS.iter().any(|(_, lines)| lines.iter().any(|(path, _)| *path == page.path));
    let others = pages.iter().filter(|page| !is_named(page) && !page.path.starts_with(DECISIONS));
    if let Some((_, last)) = chapters.last_mut() {
        last.extend(others.map(|page| Entry { page, says: other(page) }));
    }
    chapters
}

/// Describes a page that no chapter names.
fn other(page: &Page) -> String {
    match page.path.strip_prefix("performance/") {
        Some(day) => format!("What was measured on {day}, step by step."),
        None => page.opening(),
    }
}

/// Returns the pages of the decisions.
pub(super) fn decisions(pages: &[Page]) -> impl Iterator<Item = &Page> {
    pages.iter().filter(|page| page.path.starts_with(DECISIONS))
}
