//! Checks the proof of a drop or of a campaign, without the shop that made it: no entry was inserted, removed, reordered or changed, the
//! seed is the one that was announced, it drew those who joined before the start and no others, and a receipt is in it.
//!
//! A proof is NDJSON: a line about the drop or campaign, then one for each entry. The hash of an entry is the SHA-256 of the previous
//! hash, number, moment, customer, kind and subject, each on a line of its own; the moment in microseconds since 1970. The
//! first entry follows the SHA-256 of `doorbuster drop {dropId}` and the seed's commitment, or of `doorbuster coupon
//! {couponId}`. This crate uses none of the shop's code, and builds for browsers.

use std::fmt::{self, Write as _};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The first line of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// The number of the drop; without it, the proof is a campaign's.
    #[serde(default)]
    pub drop_id: Option<i64>,
    #[serde(default)]
    pub coupon_id: Option<i64>,
    pub name: String,
    pub starts_at: String,
    pub ends_at: String,
    /// SHA-256 of the seed, known since the drop was created.
    #[serde(default)]
    pub seed_commitment: Option<String>,
    /// The seed in hexadecimal, once the drop has opened.
    #[serde(default)]
    pub seed: Option<String>,
    /// How many tickets the seed drew, once a drop that shuffles has opened: those before the start, and no others.
    #[serde(default)]
    pub drawn: Option<i64>,
    pub entries: u64,
    /// The hash of the last entry.
    pub head: String,
}

impl Header {
    /// Returns the text whose hash the first entry follows.
    fn beginning(&self) -> Result<String, Flaw> {
        match (self.drop_id, &self.seed_commitment, self.coupon_id) {
            (Some(drop), Some(commitment), None) => Ok(format!("doorbuster drop {drop}\n{commitment}")),
            (None, None, Some(coupon)) => Ok(format!("doorbuster coupon {coupon}")),
            _ => Err(Flaw::Unreadable { line: 1 }),
        }
    }
}

/// A join, a leave, an admission or a claim; of a campaign, an issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    pub number: u64,
    pub at: String,
    /// A hash under a key of the shop; empty where the shop acted.
    pub customer: String,
    pub kind: String,
    pub subject: i64,
    pub hash: String,
    pub previous_hash: String,
}

/// The receipt of a customer: one entry, and the head at that moment or later.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub number: u64,
    pub hash: String,
    pub previous_hash: String,
    pub head: String,
}

/// The ends of the proofs of all drops at one moment, as it was published then.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Root {
    pub root: String,
    pub drops: Vec<Head>,
}

/// The end of one proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    pub drop_id: i64,
    pub entries: u64,
    pub head: String,
}

/// A fault of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The line lacks a field, has one too many, or is no JSON.
    Unreadable { line: usize },
    /// The entries are not numbered from 1 without gap: one was inserted, removed or moved.
    Number { line: usize, expected: u64 },
    /// The entry does not follow the one before.
    Chain { number: u64 },
    /// The entry was changed.
    Hash { number: u64 },
    /// Entries are missing at the end, or the first line was changed.
    End,
    /// The seed is not the one that was announced.
    Seed,
    /// An entry has an unknown kind.
    Kind { number: u64 },
    /// More places were admitted than customers had joined, or fewer than before; or a ticket or coupon has another number.
    Admission { number: u64 },
    /// A ticket is among the drawn that was given at the start or later, or one from before is not.
    Drawn { ticket: i64 },
    /// The receipt is not in the proof.
    Receipt,
    /// The receipt is newer than the proof; or entries are missing at the end.
    Older,
    /// The root is not the hash of its drops.
    Root,
    /// The proof is of a campaign; a root covers only drops.
    NotOfDrops,
    /// The proof differs from what the root said of it.
    Rewritten,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Unreadable { line: 1 } => write!(f, "line 1 does not describe a drop or a campaign"),
            Flaw::Unreadable { line } => write!(f, "line {line} is not an entry of a proof"),
            Flaw::Number { line, expected } => write!(f, "line {line} should have the number {expected}"),
            Flaw::Chain { number } => write!(f, "entry {number} does not follow the one before"),
            Flaw::Hash { number } => write!(f, "entry {number} was changed"),
            Flaw::End => write!(f, "the first line names another end than the last entry"),
            Flaw::Seed => write!(f, "the seed is not the one whose commitment was published"),
            Flaw::Kind { number } => write!(f, "entry {number} is of an unknown kind"),
            Flaw::Admission { number } => {
                write!(f, "entry {number} admits places that no one has, or admits some again")
            }
            Flaw::Drawn { ticket } => write!(
                f,
                "the drawn are not those who joined before the start: ticket {ticket} is drawn and joined later, or joined before \
                 and is not drawn"
            ),
            Flaw::Receipt => write!(f, "the receipt is not in the proof"),
            Flaw::NotOfDrops => write!(f, "the root is of drops, and this proof is a campaign's"),
            Flaw::Root => write!(f, "the root is not the hash of its drops"),
            Flaw::Rewritten => write!(f, "the proof has another entry where it ended when the root was published"),
            Flaw::Older => write!(
                f,
                "the proof ends before the receipt was made: get the proof again; if it still does, entries were removed"
            ),
        }
    }
}

/// A proof without a flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub header: Header,
    pub entries: Vec<Entry>,
}

impl Verified {
    /// Checks that a receipt is in the proof.
    ///
    /// # Errors
    ///
    /// [`Flaw::Receipt`] if it is not, [`Flaw::Older`] if the proof ends before it or before its head.
    pub fn contains(&self, receipt: &Receipt) -> Result<&Entry, Flaw> {
        let place = receipt.number.checked_sub(1).and_then(|place| usize::try_from(place).ok()).ok_or(Flaw::Receipt)?;
        let entry = self.entries.get(place).ok_or(Flaw::Older)?;
        if entry.hash != receipt.hash || entry.previous_hash != receipt.previous_hash {
            return Err(Flaw::Receipt);
        }
        match self.entries.iter().position(|entry| entry.hash == receipt.head) {
            Some(head) if head >= place => Ok(entry),
            Some(_) => Err(Flaw::Receipt),
            None => Err(Flaw::Older),
        }
    }
}

impl Root {
    /// Checks that a proof still contains what it contained when the root was published. A drop that the root does not
    /// name had no entries then.
    ///
    /// # Errors
    ///
    /// [`Flaw::Root`] if the root does not belong to its drops, [`Flaw::NotOfDrops`] for a campaign's proof, [`Flaw::Rewritten`] if the proof was changed.
    pub fn check(&self, proof: &Verified) -> Result<(), Flaw> {
        let lines: String =
            self.drops.iter().map(|head| format!("{} {} {}\n", head.drop_id, head.entries, head.head)).collect();
        if sha256(lines.as_bytes()) != self.root {
            return Err(Flaw::Root);
        }
        let drop = proof.header.drop_id.ok_or(Flaw::NotOfDrops)?;
        let Some(then) = self.drops.iter().find(|head| head.drop_id == drop) else {
            return Ok(());
        };
        let place = then.entries.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let is_there = place.and_then(|place| proof.entries.get(place)).is_some_and(|entry| entry.hash == then.head);
        if is_there { Ok(()) } else { Err(Flaw::Rewritten) }
    }
}

/// Checks a proof.
///
/// # Errors
///
/// The first [`Flaw`] in it.
pub fn verify(proof: &str) -> Result<Verified, Flaw> {
    let mut lines = (1..).zip(proof.lines());
    let (_, first) = lines.next().ok_or(Flaw::Unreadable { line: 1 })?;
    let header: Header = parse(1, first)?;
    if header.seed.as_ref().is_some_and(|seed| unhex(seed).map(|seed| sha256(&seed)) != header.seed_commitment) {
        return Err(Flaw::Seed);
    }
    let mut entries: Vec<Entry> = vec![];
    let mut head = sha256(header.beginning()?.as_bytes());
    let mut tickets = Tickets::of(&header)?;
    for (line, text) in lines {
        let entry: Entry = parse(line, text)?;
        let (number, expected) = (entry.number, entries.len() as u64 + 1);
        if number != expected {
            return Err(Flaw::Number { line, expected });
        }
        if entry.previous_hash != head {
            return Err(Flaw::Chain { number });
        }
        let at = micros(&entry.at).ok_or(Flaw::Hash { number })?;
        if sealed(&entry, at) != entry.hash {
            return Err(Flaw::Hash { number });
        }
        tickets.take(&entry, at)?;
        head.clone_from(&entry.hash);
        entries.push(entry);
    }
    if header.entries != entries.len() as u64 || header.head != head {
        return Err(Flaw::End);
    }
    tickets.check_drawn()?;
    Ok(Verified { header, entries })
}

/// The tickets that the entries so far gave and admitted.
struct Tickets {
    is_campaign: bool,
    starts_at: i64,
    /// How many the seed drew, by the first line.
    drawn: Option<i64>,
    joined: i64,
    admitted: i64,
}

impl Tickets {
    fn of(header: &Header) -> Result<Tickets, Flaw> {
        let starts_at = micros(&header.starts_at).ok_or(Flaw::Unreadable { line: 1 })?;
        let (is_campaign, drawn) = (header.coupon_id.is_some(), header.drawn);
        Ok(Tickets { is_campaign, starts_at, drawn, joined: 0, admitted: 0 })
    }

    /// Checks the subject of an entry, which was made at this moment.
    fn take(&mut self, entry: &Entry, at: i64) -> Result<(), Flaw> {
        let Entry { number, subject, .. } = *entry;
        match entry.kind.as_str() {
            "JOINED" if subject == self.joined + 1 => {
                self.joined = subject;
                let is_drawn = self.drawn.map(|drawn| subject <= drawn);
                if is_drawn.is_some_and(|is_drawn| is_drawn != (at < self.starts_at)) {
                    return Err(Flaw::Drawn { ticket: subject });
                }
            }
            "JOINED" => return Err(Flaw::Admission { number }),
            "ADMITTED" if subject > self.admitted && subject <= self.joined => self.admitted = subject,
            "ADMITTED" => return Err(Flaw::Admission { number }),
            "ISSUED" if self.is_campaign && u64::try_from(subject) == Ok(number) => {}
            "ISSUED" => return Err(Flaw::Admission { number }),
            "LEFT" | "CLAIMED" => {}
            _ => return Err(Flaw::Kind { number }),
        }
        Ok(())
    }

    /// Checks at the end that no ticket was drawn that nobody has.
    fn check_drawn(&self) -> Result<(), Flaw> {
        let ticket = self.joined + 1;
        if self.drawn.is_some_and(|drawn| drawn >= ticket) { Err(Flaw::Drawn { ticket }) } else { Ok(()) }
    }
}

fn parse<'t, T: Deserialize<'t>>(line: usize, text: &'t str) -> Result<T, Flaw> {
    serde_json::from_str(text).map_err(|_| Flaw::Unreadable { line })
}

fn sealed(entry: &Entry, at: i64) -> String {
    let Entry { number, customer, kind, subject, previous_hash, .. } = entry;
    sha256(format!("{previous_hash}\n{number}\n{at}\n{customer}\n{kind}\n{subject}").as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok();
    text.len().is_multiple_of(2).then(|| (0..text.len()).step_by(2).map(pair).collect()).flatten()
}

/// Returns the microseconds since 1970 of a moment like `2026-11-21T09:00:00.25Z`, as the shop writes moments.
fn micros(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.splitn(3, separator).map(|part| {
        let is_number = (2..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    });
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// Returns the days since 1970-01-01 of a date of the Gregorian calendar, counted in years that begin in March.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
