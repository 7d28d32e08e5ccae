//! A change of a proof is found, wherever it is.
#![allow(clippy::unwrap_used, reason = "in a test, a missing value is the failure")]

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use verify::{Flaw, Head, Receipt, Root, verify};

const CHANGES: u64 = 1_000;
const ENTRIES: i64 = 40;

fn hash(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Random numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) % end as u64) as usize
    }
}

/// The moment of the first entry is a quarter of a second later.
const START: i64 = 1_763_715_600_000_000;

/// A proof as the documentation describes it: joins, and after each third one an admission.
fn proof() -> Vec<Value> {
    let commitment = hash([7; 32]);
    let mut head = hash(format!("doorbuster drop 5\n{commitment}"));
    let (mut lines, mut joined) = (vec![], 0);
    for number in 1..=ENTRIES {
        let (kind, subject) = match number % 4 {
            0 => ("ADMITTED", joined),
            3 => ("CLAIMED", 2),
            _ => ("JOINED", joined + 1),
        };
        joined += i64::from(kind == "JOINED");
        let customer = if kind == "ADMITTED" { String::new() } else { hash(number.to_string()) };
        let micros = START + number * 250_000;
        let sealed = hash(format!("{head}\n{number}\n{micros}\n{customer}\n{kind}\n{subject}"));
        let at = format!("2025-11-21T09:00:{:02}.{:02}Z", number / 4, number % 4 * 25);
        let line = json!({
            "number": number, "at": at, "customer": customer, "kind": kind, "subject": subject, "hash": sealed,
            "previousHash": head,
        });
        lines.push(line);
        head = sealed;
    }
    let seed: String = [7_u8; 32].iter().map(|byte| format!("{byte:02x}")).collect();
    let header = json!({
        "dropId": 5, "name": "Saturday", "startsAt": "2025-11-21T09:00:00Z", "endsAt": "2025-11-21T10:00:00Z",
        "seedCommitment": commitment, "seed": seed, "entries": ENTRIES, "head": head,
    });
    lines.insert(0, header);
    lines
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_proof_without_a_change_is_accepted() {
    let lines = proof();
    let verified = verify(&text(&lines)).unwrap();
    assert_eq!(verified.entries.len(), 40);
    let of = |number: usize, head: usize| Receipt {
        number: number as u64,
        hash: lines[number]["hash"].as_str().unwrap().to_owned(),
        previous_hash: lines[number]["previousHash"].as_str().unwrap().to_owned(),
        head: lines[head]["hash"].as_str().unwrap().to_owned(),
    };
    assert_eq!(verified.contains(&of(7, 9)).unwrap().number, 7);
    assert_eq!(verified.contains(&Receipt { number: 8, ..of(7, 9) }), Err(Flaw::Receipt));
    assert_eq!(verified.contains(&of(7, 6)), Err(Flaw::Receipt), "the head is older than the entry");
    let newer = Receipt { head: hash("a later entry"), ..of(7, 9) };
    assert_eq!(verified.contains(&newer), Err(Flaw::Older));
    assert_eq!(verified.contains(&Receipt { number: 41, ..newer }), Err(Flaw::Older));
}

#[test]
fn a_root_shows_what_was_rewritten_since() {
    let lines = proof();
    let verified = verify(&text(&lines)).unwrap();
    let root = |entries: u64, head: &str| {
        let root = hash(format!("5 {entries} {head}\n"));
        Root { root, drops: vec![Head { drop_id: 5, entries, head: head.to_owned() }] }
    };
    let then = lines[12]["hash"].as_str().unwrap();
    assert_eq!(root(12, then).check(&verified), Ok(()));
    assert_eq!(root(11, then).check(&verified), Err(Flaw::Rewritten));
    assert_eq!(root(41, then).check(&verified), Err(Flaw::Rewritten), "entries were removed");
    assert_eq!(Root { root: hash("x"), ..root(12, then) }.check(&verified), Err(Flaw::Root));
}

#[test]
fn every_one_of_a_thousand_random_changes_is_found() {
    let sound = proof();
    for seed in 0..CHANGES {
        let (mut dice, mut lines) = (Dice(seed), sound.clone());
        let place = 1 + dice.below(lines.len() - 1);
        match dice.below(5) {
            0 => drop(lines.remove(place)),
            1 => lines.insert(place, sound[1 + dice.below(sound.len() - 1)].clone()),
            2 => {
                let other = 1 + dice.below(lines.len() - 1);
                lines.swap(place, if other == place { 1 + place % (sound.len() - 1) } else { other });
            }
            3 => change(&mut lines[place], &mut dice),
            _ => {
                // A changed entry with a new hash of its own.
                change_and_seal(&mut lines[place]);
            }
        }
        assert!(verify(&text(&lines)).is_err(), "change {seed} of entry {place} is not found");
    }
}

/// Changes one field of an entry.
fn change(line: &mut Value, dice: &mut Dice) {
    let fields = ["number", "at", "customer", "kind", "subject", "hash", "previousHash"];
    let field = fields[dice.below(fields.len())];
    line[field] = match &line[field] {
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) if field == "at" => json!(text.replace("09:00", "09:01")),
        Value::String(text) if field == "kind" => json!(if text == "LEFT" { "CLAIMED" } else { "LEFT" }),
        Value::String(text) if text.is_empty() => json!("00"),
        Value::String(text) => {
            let place = dice.below(text.len());
            let other = if &text[place..=place] == "0" { "1" } else { "0" };
            json!(format!("{}{other}{}", &text[..place], &text[place + 1..]))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => panic!("{other}"),
    };
}

fn change_and_seal(line: &mut Value) {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    line["customer"] = json!(hash("someone else"));
    let number = line["number"].as_i64().unwrap();
    let micros = START + number * 250_000;
    let (previous, customer, kind) = (text(line, "previousHash"), text(line, "customer"), text(line, "kind"));
    let subject = line["subject"].as_i64().unwrap();
    line["hash"] = json!(hash(format!("{previous}\n{number}\n{micros}\n{customer}\n{kind}\n{subject}")));
}

#[test]
fn another_seed_and_a_cut_off_end_are_found() {
    let mut lines = proof();
    lines[0]["seed"] = json!("08".repeat(32));
    assert_eq!(verify(&text(&lines)), Err(Flaw::Seed));
    let mut lines = proof();
    lines.pop();
    assert_eq!(verify(&text(&lines)), Err(Flaw::End));
    assert!(matches!(verify(""), Err(Flaw::Unreadable { .. })));
    assert!(matches!(verify("{}"), Err(Flaw::Unreadable { line: 1, .. })));
}

/// The drop of the proof starts between the fifth and the sixth entry, which are the third and the fourth join.
#[test]
fn a_draw_of_others_than_those_before_the_start_is_found() {
    let verified = |drawn: Value, starts_at: &str| {
        let mut lines = proof();
        (lines[0]["drawn"], lines[0]["startsAt"]) = (drawn, json!(starts_at));
        verify(&text(&lines)).map(|verified| verified.header.drawn)
    };
    let between = "2025-11-21T09:00:01.5Z";
    assert_eq!(verified(json!(3), between), Ok(Some(3)));
    assert_eq!(verified(json!(4), between), Err(Flaw::Drawn { ticket: 4 }), "the fourth one joined at the start");
    assert_eq!(verified(json!(2), between), Err(Flaw::Drawn { ticket: 3 }), "the third one joined before");
    let after = "2025-11-21T09:01:00Z";
    assert_eq!(verified(json!(20), after), Ok(Some(20)));
    assert_eq!(verified(json!(21), after), Err(Flaw::Drawn { ticket: 21 }), "nobody has this ticket");
}
