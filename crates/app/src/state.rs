//! The state of a batch: rows by their keys, the table type with its rollback, numbers for new rows, settings.

pub mod ids;
pub mod rows;
pub mod settings;
pub mod table;
