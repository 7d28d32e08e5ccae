//! The ranking's scripts inside Redis. All its keys have one tag.

use app::ports::Window;
use app::ports::views::DaySales;
use domain::ids::ProductId;
use redis::{RedisResult, Script};

use crate::redis::Redis;
use crate::redis::line::Line;

/// Days before today that have sums of their own.
pub(super) const DAYS_BACK: i64 = 2;
/// How long a day's keys are kept, in seconds.
const KEPT_S: i64 = 5 * 24 * 3_600;
/// How long a built ranking counts as whole, in seconds, and the rest of it at which it is rebuilt.
const WHOLE_S: i64 = 120;
const SOON_S: i64 = 60;

/// Time-out of a rebuild, in seconds.
const BUILDING_S: i64 = 60;

pub(super) struct Scripts {
    begin: Script,
    put: Script,
    put_before: Script,
    finish: Script,
    best: Script,
}

impl Default for Scripts {
    fn default() -> Scripts {
        let [begin, put, put_before, finish, best] = [BEGIN, PUT, PUT_BEFORE, FINISH, BEST].map(Script::new);
        Scripts { begin, put, put_before, finish, best }
    }
}

// KEYS: builder, whole, all, days and windows. ARGV: the new builder, seconds.
const BEGIN: &str = "
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then return 0 end
for key = 2, #KEYS do redis.call('DEL', KEYS[key]) end
return 1
";

// KEYS: all, the day, three windows, the day's returns. ARGV: seconds, then members with the units sold on the day and
// those returned. Both only grow, so a late or repeated call changes nothing; the windows get the difference.
const PUT: &str = "
for i = 2, #ARGV, 3 do
  local back = tonumber(redis.call('ZSCORE', KEYS[6], ARGV[i]) or '0')
  local sold = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[i]) or '0') + back
  local more = math.max(tonumber(ARGV[i + 1]) - sold, 0)
  local less = math.max(tonumber(ARGV[i + 2]) - back, 0)
  if less > 0 then redis.call('ZADD', KEYS[6], ARGV[i + 2], ARGV[i]) end
  if more ~= less or less > 0 then
    for key = 1, 5 do redis.call('ZINCRBY', KEYS[key], more - less, ARGV[i]) end
  end
end
for key = 2, 6 do redis.call('EXPIRE', KEYS[key], ARGV[1]) end
return 1
";

// KEYS: all, builder. ARGV: the calling builder, then members and sums.
const PUT_BEFORE: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return redis.error_reply('another one builds') end
for i = 2, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[i + 1], ARGV[i]) end
return 1
";

// KEYS: whole, builder. ARGV: the calling builder, seconds.
const FINISH: &str = "
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  redis.call('DEL', KEYS[2])
end
return 1
";

// KEYS: whole, the window. ARGV: the limit.
const BEST: &str = "
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, {}} end
return {1, redis.call('ZREVRANGEBYSCORE', KEYS[2], '+inf', '(0', 'WITHSCORES', 'LIMIT', 0, ARGV[1])}
";

fn key(redis: &Redis, name: &str) -> String {
    redis.key(&format!("{{ranking}}:{name}"))
}

/// Sorts larger ids first, so that of equal sums, read backwards, the first product comes first.
fn member(product: ProductId) -> String {
    format!("{:019}", i64::MAX - product.0)
}

fn product(member: &str) -> Option<ProductId> {
    let inverted = member.parse::<i64>().ok()?;
    i64::MAX.checked_sub(inverted).map(ProductId)
}

fn day(day: i64) -> String {
    format!("day:{day}")
}

fn returned_on(day: i64) -> String {
    format!("back:{day}")
}

fn three_days(last: i64) -> String {
    format!("3d:{last}")
}

impl Scripts {
    /// Writes the units of a day sold so far.
    pub(super) async fn put(&self, mut line: Line, redis: &Redis, on: i64, sales: &[DaySales]) -> RedisResult<()> {
        let mut call = self.put.key(key(redis, "all"));
        call.key(key(redis, &day(on)));
        (on..=on + DAYS_BACK).for_each(|last| _ = call.key(key(redis, &three_days(last))));
        call.key(key(redis, &returned_on(on))).arg(KEPT_S);
        sales.iter().for_each(|sales| _ = call.arg(member(sales.product)).arg(sales.sold).arg(sales.returned));
        call.invoke_async(&mut line).await
    }

    /// Deletes everything and returns the token of the rebuild; `None` while another process rebuilds.
    pub(super) async fn begin(&self, mut line: Line, redis: &Redis, today: i64) -> RedisResult<Option<String>> {
        let mut token = [0; 8];
        // Without random bytes two processes may rebuild at once; the ranking is rebuilt a little later.
        let _ = getrandom::fill(&mut token);
        let token = u64::from_be_bytes(token).to_string();
        let mut call = self.begin.key(key(redis, "builder"));
        call.key(key(redis, "whole")).key(key(redis, "all"));
        for near in today - 2 * DAYS_BACK..=today + 1 + DAYS_BACK {
            call.key(key(redis, &day(near))).key(key(redis, &three_days(near))).key(key(redis, &returned_on(near)));
        }
        let is_ours: bool = call.arg(&token).arg(BUILDING_S).invoke_async(&mut line).await?;
        Ok(is_ours.then_some(token))
    }

    pub(super) async fn put_before(
        &self,
        mut line: Line,
        redis: &Redis,
        token: &str,
        sales: &[DaySales],
    ) -> RedisResult<()> {
        let mut call = self.put_before.key(key(redis, "all"));
        call.key(key(redis, "builder")).arg(token);
        let sums = sales.iter().map(|sales| (member(sales.product), sales.sold - sales.returned));
        sums.for_each(|(member, sold)| _ = call.arg(member).arg(sold));
        call.invoke_async(&mut line).await
    }

    pub(super) async fn finish(&self, mut line: Line, redis: &Redis, token: &str) -> RedisResult<()> {
        let mut call = self.finish.key(key(redis, "whole"));
        call.key(key(redis, "builder")).arg(token).arg(WHOLE_S).invoke_async(&mut line).await
    }

    /// Returns whether it is whole, and stays so for a while.
    pub(super) async fn is_whole(&self, mut line: Line, redis: &Redis) -> RedisResult<bool> {
        let left: i64 = redis::cmd("TTL").arg(key(redis, "whole")).query_async(&mut line).await?;
        Ok(left > SOON_S)
    }

    /// Returns the best first; `None` when the ranking is not whole.
    pub(super) async fn best(
        &self,
        mut line: Line,
        redis: &Redis,
        window: Window,
        limit: usize,
    ) -> RedisResult<Option<Vec<(ProductId, i64)>>> {
        let name = match window {
            Window::Day(on) => day(on),
            Window::ThreeDays(last) => three_days(last),
            Window::All => "all".to_owned(),
        };
        let mut call = self.best.key(key(redis, "whole"));
        call.key(key(redis, &name)).arg(limit);
        let (is_whole, best): (i64, Vec<(String, f64)>) = call.invoke_async(&mut line).await?;
        #[expect(clippy::cast_possible_truncation, reason = "sums are far below 2^53")]
        let best = best.into_iter().filter_map(|(member, sold)| Some((product(&member)?, sold as i64)));
        Ok((is_whole == 1).then(|| best.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_sums_the_first_product_comes_first() {
        let mut members = [1, 2, 10, i64::MAX].map(|number| member(ProductId(number)));
        members.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(members.map(|member| product(&member).unwrap().0), [1, 2, 10, i64::MAX]);
    }
}
