//! The errors of opening Redis.

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the address of Redis cannot be used: {0}; use redis://user:password@host:6379/0 for one server, redis+cluster://a:6379,b:6379 \
         for a cluster, redis+sentinel://a:26379,b:26379/NAME for the primary that sentinels know as NAME, and rediss instead of redis \
         for TLS"
    )]
    Address(&'static str),
    #[error("TLS to Redis cannot be set up: {0}")]
    Files(String),
    /// Redis refuses this user or is not what the address says, or its certificate is refused here: only other settings help.
    #[error("Redis at {0}")]
    Denied(String),
    #[error("Redis failed: {0}")]
    Lost(String),
    #[error("starting the thread of the Redis connection failed: {0}")]
    Thread(#[from] std::io::Error),
}
