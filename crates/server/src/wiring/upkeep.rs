//! What operators do with a whole store: copy it, put a copy back, move it, examine it.

mod copies;
mod examining;
mod moving;

pub use copies::{Copied, LaidOut, back_up, backup_snapshot, check_restore, lay_out};
pub use examining::{
    ExaminedDatabase, ExaminedFolder, ExaminedRedis, ExaminedTopic, examine_database, examine_folder, examine_redis,
    examine_topics, topic_name,
};
pub use moving::{Moved, Way};
