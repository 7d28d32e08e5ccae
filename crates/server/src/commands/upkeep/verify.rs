//! `doorbuster verify`: checks the proof of a drop or of a campaign. It needs no shop, no settings and no token.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use verify::{Flaw, Receipt, Root, Verified};

use crate::cli::VerifyArgs;
use crate::commands::{Error, print};
use crate::system::io_error;

/// The contents that a file must have.
const RECEIPT: &str = "a receipt: a JSON object with `number`, `hash`, `previousHash` and `head`";
const ROOT: &str = "a root: a JSON object with `root` and `drops`";

pub(in crate::commands) fn run(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let proof = read(&args.proof)?;
    let receipt: Option<Receipt> = args.receipt.as_deref().map(|path| parse(path, RECEIPT)).transpose()?;
    let root: Option<Root> = args.root.as_deref().map(|path| parse(path, ROOT)).transpose()?;
    let checked = verify::verify(&proof);
    let (lines, document) = match &checked {
        Ok(verified) => of_proof(verified, receipt.as_ref(), root.as_ref()),
        Err(flaw) => (vec![format!("NOT a valid proof: {flaw}")], json!({"valid": false, "flaw": flaw.to_string()})),
    };
    print(&if args.json { document.to_string() } else { lines.join("\n") })?;
    Ok(if document["valid"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the result as lines and as JSON. It is valid if the receipt is in the proof and the root agrees with it, where there are any.
fn of_proof(verified: &Verified, receipt: Option<&Receipt>, root: Option<&Root>) -> (Vec<String>, Value) {
    let Verified { header, entries } = verified;
    let (name, head, count) = (&header.name, &header.head, entries.len());
    let mut document = json!({"valid": true, "name": name, "entries": count, "head": head});
    let of = match (header.drop_id, header.coupon_id) {
        (Some(drop), _) => {
            document["dropId"] = drop.into();
            format!("drop {drop}")
        }
        (None, coupon) => {
            document["couponId"] = coupon.into();
            format!("campaign {}", coupon.unwrap_or_default())
        }
    };
    let mut lines = vec![format!("{of} ({name}): {count} entries, each follows the one before; head {head}")];
    if header.seed_commitment.is_some() {
        let is_published = header.seed.is_some();
        document["seedPublished"] = is_published.into();
        let seed = if is_published { "the one whose commitment was published" } else { "not published yet" };
        lines.push(format!("the seed is {seed}"));
    }
    match receipt.map(|receipt| verified.contains(receipt)) {
        None => {}
        Some(Ok(entry)) => {
            lines.push(format!("the receipt is entry {}: {} at {}", entry.number, entry.kind, entry.at));
            document["receipt"] = json!({"number": entry.number, "kind": entry.kind, "at": entry.at});
        }
        Some(Err(flaw)) => {
            let what = if flaw == Flaw::Older {
                "the receipt could not be checked"
            } else {
                "NOT a valid receipt of this proof"
            };
            refuse(&mut lines, &mut document, what, &flaw);
        }
    }
    match root.map(|root| root.check(verified)) {
        None => {}
        Some(Ok(())) => lines.push("the proof contains what the root says of it".to_owned()),
        Some(Err(flaw)) => refuse(&mut lines, &mut document, "NOT the proof of this root", &flaw),
    }
    (lines, document)
}

/// Adds a flaw to both forms of the result.
fn refuse(lines: &mut Vec<String>, document: &mut Value, what: &str, flaw: &Flaw) {
    lines.push(format!("{what}: {flaw}"));
    document["valid"] = false.into();
    document["flaw"] = flaw.to_string().into();
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|error| Error::Usage(format!("{} cannot be read: {}", path.display(), io_error::of(&error))))
}

fn parse<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Error> {
    serde_json::from_str(&read(path)?).map_err(|_| Error::Usage(format!("{} is not {what}", path.display())))
}
