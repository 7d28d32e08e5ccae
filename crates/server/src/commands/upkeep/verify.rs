//! `doorbuster verify`: checks the proof of a drop or of a campaign. It needs no shop, no settings and no token.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use verify::{Receipt, Verified};

use crate::cli::VerifyArgs;
use crate::commands::{Error, print};

pub(in crate::commands) fn run(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let proof = fs::read_to_string(&args.proof)?;
    let verified = match verify::verify(&proof) {
        Ok(verified) => verified,
        Err(flaw) => return refused(&flaw.to_string()),
    };
    let Verified { header, entries } = &verified;
    let (name, head, count) = (&header.name, &header.head, entries.len());
    let of = match (header.drop_id, header.coupon_id) {
        (Some(drop), _) => format!("drop {drop}"),
        (None, coupon) => format!("campaign {}", coupon.unwrap_or_default()),
    };
    print(&format!("{of} ({name}): {count} entries, each follows the one before; head {head}"))?;
    match (&header.seed, &header.seed_commitment) {
        (Some(_), _) => print("the seed is the one whose commitment was published")?,
        (None, Some(_)) => print("the seed is not published yet")?,
        (None, None) => ExitCode::SUCCESS,
    };
    match &args.receipt {
        Some(receipt) => check_receipt(&verified, receipt),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn check_receipt(verified: &Verified, path: &Path) -> Result<ExitCode, Error> {
    let text = fs::read_to_string(path)?;
    let receipt: Receipt = match serde_json::from_str(&text) {
        Ok(receipt) => receipt,
        Err(error) => return refused(&format!("{} is not a receipt: {error}", path.display())),
    };
    match verified.contains(&receipt) {
        Ok(entry) => print(&format!("the receipt is entry {}: {} at {}", entry.number, entry.kind, entry.at)),
        Err(flaw) => refused(&flaw.to_string()),
    }
}

fn refused(flaw: &str) -> Result<ExitCode, Error> {
    print(&format!("NOT a valid proof: {flaw}"))?;
    Ok(ExitCode::FAILURE)
}
