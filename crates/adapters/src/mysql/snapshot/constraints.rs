//! The constraints of the tables: that the database still enforces them, and that no row breaks one.
//!
//! A database server checks rows only when they are written, and an operator can drop a constraint, or write while it is
//! not enforced.

use super::reader::Reader;
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;

/// The most rows of one table that are named.
const NAMED_MAX: usize = 20;

/// The constraints of one table, as its migrations declare them.
struct Constrained {
    table: &'static str,
    /// The column that names a row.
    key: &'static str,
    checks: &'static [&'static str],
}

const CONSTRAINED: &[Constrained] = &[
    Constrained {
        table: "product",
        key: "product_id",
        checks: &[
            "price >= 0",
            "sold >= 0",
            "written_off >= 0",
            "reserved >= 0 AND on_hand >= reserved",
            "received = on_hand + sold + written_off",
        ],
    },
    Constrained {
        table: "campaign",
        key: "campaign_id",
        checks: &["paused IN (0, 1)", "issued >= 0 AND issued <= quantity"],
    },
    Constrained { table: "points_account", key: "user_id", checks: &["balance >= 0"] },
    Constrained { table: "points_entry", key: "entry_id", checks: &["amount >= 0"] },
    Constrained {
        table: "orders",
        key: "order_id",
        checks: &[
            "is_restoring IN (0, 1)",
            "discount >= 0",
            "points >= 0",
            "amount_due >= 0",
            "warehouse_storage IN (0, 1)",
            "is_processing IN (0, 1)",
            "total = discount + points + amount_due",
            "(campaign_id IS NULL) = (coupon_state IS NULL)",
            "(points = 0) = (point_state IS NULL)",
        ],
    },
    Constrained { table: "order_line", key: "order_id", checks: &["quantity > 0", "returned BETWEEN 0 AND quantity"] },
    Constrained { table: "claim", key: "order_id", checks: &["(state = 'REFUSED') = (reason IS NOT NULL)"] },
    Constrained {
        table: "coupon_request",
        key: "request_id",
        checks: &[
            "(status = 'PENDING') = (result_code IS NULL)",
            "(result_code IS NULL) = (decided_at IS NULL)",
            "(coupon_id IS NULL) = (issue_number IS NULL)",
        ],
    },
    Constrained {
        table: "payment",
        key: "order_id",
        checks: &[
            "amount > 0",
            "is_wanted IN (0, 1)",
            "authorized >= captured AND captured >= refunded + refunding + owed + resolved",
            "refunded >= 0 AND refunding >= 0 AND owed >= 0 AND resolved >= 0",
            "due_at IS NULL OR ask IS NOT NULL",
            "(ask IS NULL) = (state IN ('CAPTURED', 'DECLINED', 'VOIDED', 'REFUNDED', 'STUCK'))",
        ],
    },
    Constrained { table: "archive", key: "archive_id", checks: &["archive_id = 1"] },
];

/// Returns an error text for each constraint that is not enforced, and for each row that breaks one.
pub(super) fn problems(reader: &mut Reader) -> Result<Vec<String>> {
    let mut problems = vec![];
    for constrained in CONSTRAINED {
        for row in reader.all(&format!("SHOW CREATE TABLE {}", constrained.table))? {
            let (_table, definition): (String, String) = from_row(row)?;
            problems.extend(constrained.not_enforced(&definition));
        }
        for row in reader.all(&constrained.broken_rows())? {
            let (key, check): (i64, String) = from_row(row)?;
            let Constrained { table, key: column, .. } = constrained;
            problems.push(format!("{table} with the {column} {key}: breaks the constraint {check}"));
        }
    }
    Ok(problems)
}

impl Constrained {
    /// Servers write conditions in their own way, so what counts is how many there are; which one is missing is only named
    /// if it is certain.
    fn not_enforced(&self, definition: &str) -> Option<String> {
        let lines: Vec<&str> = definition.lines().filter(|line| line.contains("CHECK (")).collect();
        let enforced: Vec<String> =
            lines.into_iter().filter(|line| !line.contains("NOT ENFORCED")).map(letters_of).collect();
        let missing = self.checks.len().checked_sub(enforced.len()).filter(|missing| *missing > 0)?;
        let is_enforced = |check: &str| enforced.iter().any(|line| line.contains(&letters_of(check)));
        let unseen: Vec<&str> = self.checks.iter().copied().filter(|check| !is_enforced(check)).collect();
        let named = if unseen.len() == missing { format!(": {}", unseen.join("; ")) } else { String::new() };
        let (table, all) = (self.table, self.checks.len());
        Some(format!("{table}: the database does not enforce {missing} of its {all} constraints{named}"))
    }

    /// Selects rows that break a constraint, with the first one that they break. Sums are made of decimals, which do not
    /// overflow.
    fn broken_rows(&self) -> String {
        let safe: Vec<String> = self.checks.iter().map(|check| check.replace(" + ", " + 0.0 + ")).collect();
        let which: Vec<String> = safe
            .iter()
            .zip(self.checks)
            .map(|(safe, check)| format!("WHEN NOT ({safe}) THEN '{}'", check.replace('\'', "''")))
            .collect();
        let all: Vec<String> = safe.iter().map(|check| format!("({check})")).collect();
        format!(
            "SELECT {}, CASE {} END FROM {} WHERE NOT ({}) LIMIT {NAMED_MAX}",
            self.key,
            which.join(" "),
            self.table,
            all.join(" AND ")
        )
    }
}

/// Returns a condition without what servers write in different ways: quotes, brackets, spaces, character sets and case.
fn letters_of(condition: &str) -> String {
    let plain = condition.to_lowercase().replace("_utf8mb4", "");
    plain.chars().filter(|letter| !matches!(letter, '`' | '\\' | '\'' | '(' | ')' | ' ')).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// Returns the constraints in the migrations, in order: the number of each table's.
    fn declared() -> BTreeMap<String, usize> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/mysql");
        let version = |path: &Path| -> u32 {
            let name = path.file_name().unwrap().to_str().unwrap();
            name[1..].split("__").next().unwrap().parse().unwrap()
        };
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort_by_key(|path| version(path));
        let (mut declared, mut table) = (BTreeMap::new(), String::new());
        for line in files.iter().flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        }) {
            let words: Vec<&str> = line.split([' ', ';']).collect();
            match words.as_slice() {
                ["CREATE" | "ALTER", "TABLE", name, ..] => (*name).clone_into(&mut table),
                ["DROP", "TABLE", name, ..] => _ = declared.remove(*name),
                _ => {}
            }
            if let [.., "RENAME", "TO", to, ""] = words.as_slice() {
                let renamed = declared.remove(&table).unwrap_or_default();
                declared.insert((*to).to_owned(), renamed);
            }
            let checks = line.split("--").next().unwrap().matches("CHECK (").count();
            *declared.entry(table.clone()).or_default() += checks;
        }
        declared.retain(|_, checks| *checks > 0);
        declared
    }

    #[test]
    fn every_constraint_of_the_migrations_is_checked() {
        let checked = CONSTRAINED.iter().map(|of| (of.table.to_owned(), of.checks.len()));
        assert_eq!(declared(), checked.collect());
    }

    #[test]
    fn a_constraint_that_is_gone_is_named_in_the_words_of_both_servers() {
        let account = CONSTRAINED.iter().find(|of| of.table == "claim").unwrap();
        let mysql = r"CONSTRAINT `claim_chk_1` CHECK (((`state` = _utf8mb4\'REFUSED\') = (`reason` is not null)))";
        let mariadb = "CONSTRAINT `CONSTRAINT_1` CHECK (`state` = 'REFUSED' = (`reason` is not null))";
        for definition in [mysql, mariadb] {
            assert_eq!(account.not_enforced(definition), None);
        }
        let gone =
            "claim: the database does not enforce 1 of its 1 constraints: (state = 'REFUSED') = (reason IS NOT NULL)";
        for definition in ["", &format!("{mysql} /*!80016 NOT ENFORCED */")] {
            assert_eq!(account.not_enforced(definition).as_deref(), Some(gone));
        }
    }
}
