//! The statements that read the rows of a database for a move into a folder.

use super::super::relations::{Relation, quoted};

pub(super) const HEADS: &str = "SELECT shard, seq, hash FROM outbox_shard ORDER BY shard";
/// A folder has the last commit of each engine only.
pub(super) const COMMITS: &str =
    "SELECT engine, MAX(number), COALESCE(MAX(committed_at), 0) FROM engine_commit GROUP BY engine ORDER BY engine";

/// The rows of one relation.
pub(super) struct Copy {
    pub(super) relation: Relation,
    /// The columns that a folder has, too, with their types there.
    pub(super) shared: Vec<(String, String)>,
    pub(super) rows: u64,
    /// How many groups have not handled an event, in SQL.
    pub(super) behind: Option<String>,
}

impl Copy {
    pub(super) fn columns(&self) -> Vec<String> {
        self.shared.iter().map(|(column, _)| column.clone()).collect()
    }

    /// Returns the statements that read the rows, one after the other.
    pub(super) fn selects(&self) -> Vec<String> {
        let (columns, key) = (quoted(&self.columns(), '`'), quoted(&self.relation.key, '`'));
        let rows = format!("SELECT {columns} FROM `{}`", self.relation.name);
        match (self.relation.name.as_str(), &self.behind) {
            ("engine_commit", _) => vec![COMMITS.to_owned()],
            // What every group has handled comes first, so the groups have a position each.
            ("event", Some(behind)) => vec![
                format!("{rows} WHERE {behind} = 0 ORDER BY {key}"),
                format!("{rows} WHERE {behind} > 0 ORDER BY {behind}, {key}"),
            ],
            _ => vec![format!("{rows} ORDER BY {key}")],
        }
    }
}
