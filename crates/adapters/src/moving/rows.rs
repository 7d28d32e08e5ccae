//! Cells of one store as the other store takes them.

use mysql_async::Value as Shared;
use rusqlite::types::Value;
use sha2::{Digest as _, Sha256};

/// Returns a cell of a folder for a database.
pub(super) fn for_database(cell: Value) -> Shared {
    match cell {
        Value::Null => Shared::NULL,
        Value::Integer(number) => Shared::Int(number),
        Value::Real(number) => Shared::Double(number),
        Value::Text(text) => Shared::Bytes(text.into_bytes()),
        Value::Blob(bytes) => Shared::Bytes(bytes),
    }
}

/// Returns a cell of a database for a column of a folder. A message of text has every value as bytes.
pub(super) fn for_folder(cell: Shared, declared: &str) -> Option<Value> {
    Some(match (cell, declared) {
        (Shared::NULL, _) => Value::Null,
        (Shared::Int(number), _) => Value::Integer(number),
        (Shared::UInt(number), _) => Value::Integer(i64::try_from(number).ok()?),
        (Shared::Bytes(bytes), "INTEGER") => Value::Integer(std::str::from_utf8(&bytes).ok()?.parse().ok()?),
        (Shared::Bytes(bytes), "TEXT") => Value::Text(String::from_utf8(bytes).ok()?),
        (Shared::Bytes(bytes), "BLOB") => Value::Blob(bytes),
        _ => return None,
    })
}

/// Returns the same digest for equal rows of either store: what a move began from.
pub(super) fn fingerprint(rows: &[Vec<Value>]) -> String {
    let mut digest = Sha256::new();
    for cell in rows.iter().flatten() {
        match cell {
            Value::Integer(number) => digest.update(number.to_be_bytes()),
            Value::Blob(bytes) => digest.update(bytes),
            Value::Text(text) => digest.update(text),
            Value::Null | Value::Real(_) => digest.update([0]),
        }
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
