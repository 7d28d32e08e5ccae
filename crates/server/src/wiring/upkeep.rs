//! Operators' work on a whole store: backup, restore, move, examination.

mod copies;
mod examining;
mod moving;
pub mod scratch;

pub use copies::{Copied, LaidOut, back_up, backup_snapshot, check_restore, lay_out};
pub use examining::{
    ExaminedDatabase, ExaminedFolder, ExaminedRedis, ExaminedRedisServer, ExaminedTopic, check_addresses,
    examine_database, examine_folder, examine_redis, examine_topics, topic_name,
};
pub use moving::{Moved, Way};
