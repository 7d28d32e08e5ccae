//! Judges the order of admission by a drop's proof, which has every decision in its order.

use std::collections::HashMap;

use serde_json::Value;

use crate::Error;

/// Counts over the links of a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turns {
    pub(super) links: u64,
    pub(super) joined: i64,
    /// The last place that may order.
    pub(super) admitted: i64,
    /// Tickets or admissions out of the order of decision.
    pub(super) out_of_order: u64,
    /// Orders of customers whose place was not admitted yet.
    pub(super) before_turn: u64,
    /// Places that were admitted after all units were claimed.
    pub(super) too_late: i64,
}

/// Reads a proof of a drop in which nobody left.
pub(super) fn turns(proof: &str, stock: i64) -> Result<Turns, Error> {
    const BROKEN: Error = Error::Nothing("the proof has an unreadable line");
    let (mut turns, mut claimed) = (Turns::default(), 0);
    let mut tickets: HashMap<String, i64> = HashMap::new();
    for line in proof.lines().skip(1) {
        let link: Value = serde_json::from_str(line).map_err(|_| BROKEN)?;
        let (Some(kind), Some(subject)) = (link["kind"].as_str(), link["subject"].as_i64()) else { return Err(BROKEN) };
        let customer = link["customer"].as_str().unwrap_or_default();
        turns.links += 1;
        match kind {
            "JOINED" => {
                turns.joined += 1;
                let is_first = tickets.insert(customer.to_owned(), subject).is_none();
                turns.out_of_order += u64::from(subject != turns.joined || !is_first);
            }
            "ADMITTED" => {
                turns.out_of_order += u64::from(subject <= turns.admitted);
                if claimed >= stock {
                    turns.too_late += subject - turns.admitted;
                }
                turns.admitted = subject;
            }
            "CLAIMED" => {
                let is_admitted = tickets.get(customer).is_some_and(|ticket| *ticket <= turns.admitted);
                turns.before_turn += u64::from(!is_admitted);
                claimed += subject;
            }
            _ => return Err(BROKEN),
        }
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(links: &[(&str, &str, i64)]) -> Turns {
        let line = |(kind, customer, subject): &(&str, &str, i64)| {
            format!("\n{{\"kind\": \"{kind}\", \"customer\": \"{customer}\", \"subject\": {subject}}}")
        };
        turns(&format!("{{}}{}", links.iter().map(line).collect::<String>()), 2).unwrap()
    }

    #[test]
    fn a_queue_in_order_has_no_complaint() {
        let good = judged(&[
            ("JOINED", "a", 1),
            ("JOINED", "b", 2),
            ("ADMITTED", "", 1),
            ("CLAIMED", "a", 1),
            ("ADMITTED", "", 2),
            ("CLAIMED", "b", 1),
        ]);
        assert_eq!(good, Turns { links: 6, joined: 2, admitted: 2, ..Turns::default() });
    }

    #[test]
    fn what_is_out_of_turn_is_found() {
        let bad = judged(&[
            ("JOINED", "a", 2),
            ("JOINED", "b", 1),
            ("CLAIMED", "a", 2),
            ("ADMITTED", "", 2),
            ("ADMITTED", "", 1),
            ("CLAIMED", "c", 1),
        ]);
        assert_eq!((bad.out_of_order, bad.before_turn, bad.too_late), (3, 2, 1));
        assert!(turns("{}\nnonsense", 2).is_err());
    }
}
