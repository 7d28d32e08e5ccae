//! Token buckets that all processes share: one key each, which expires when the bucket is full.

use std::pin::Pin;
use std::sync::Arc;

use app::resilience::rates::{Rate, SharedRates, Taken};
use redis::Script;

use super::Redis;

// KEYS: the bucket. ARGV: the time per token, and the time for the whole bucket, in microseconds.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local then_full = full_at + interval
if then_full - now > span then return {0, 0, then_full - span - now} end
redis.call('SET', KEYS[1], string.format('%.0f', then_full), 'PX', math.ceil((then_full - now) / 1000))
return {1, span - (then_full - now), then_full - now}
";

pub struct RedisRates {
    redis: Arc<Redis>,
    take: Script,
}

impl RedisRates {
    pub fn new(redis: Arc<Redis>) -> RedisRates {
        RedisRates { redis, take: Script::new(TAKE) }
    }
}

impl SharedRates for RedisRates {
    fn take(&self, who: String, rate: Rate) -> Pin<Box<dyn Future<Output = Option<Taken>> + Send + '_>> {
        Box::pin(async move {
            let mut call = self.take.key(self.redis.key(&format!("rate:{who}")));
            call.arg(rate.interval_us()).arg(rate.span_us());
            let taken =
                self.redis.call(|mut line| async move { call.invoke_async::<(bool, i64, i64)>(&mut line).await });
            let (is_granted, left_us, wait_us) = taken.await?;
            Some(rate.taken(is_granted, left_us, wait_us))
        })
    }
}
