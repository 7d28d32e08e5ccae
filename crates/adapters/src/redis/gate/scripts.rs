//! Scripts inside Redis: two ways to keep the claims, with the same answers.

use domain::coupon::Campaign;
use domain::ids::{CampaignId, UserId};
use redis::{RedisResult, Script};

use crate::redis::Redis;
use crate::redis::line::Line;

/// How long keys are kept after the campaign's coupons expire; counts and claims expire together.
const KEPT_MS: i64 = 24 * 3_600 * 1_000;

/// How the claims of a campaign are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GateScript {
    /// A set of claims, and a counter that moves when a claim is new.
    #[default]
    Counter,
    /// A sorted set of claims by the time of their arrival; its size is the count.
    SortedSet,
}

pub(super) struct Scripts {
    kind: GateScript,
    read: Script,
    update: Script,
}

/// The keys of one campaign: its terms, its claims, and its counter. They share a tag, and so a node.
pub(super) struct Keys([String; 3]);

/// New claims of a campaign, and the epoch that they belong to; 0 is any epoch.
#[derive(Clone, Copy, Default)]
pub(super) struct Claims<'c> {
    pub(super) epoch: u64,
    pub(super) names: &'c [String],
}

/// Redis's knowledge of a campaign and a user.
pub(super) struct Found {
    /// The user holds as many coupons as allowed.
    pub(super) holds_all: bool,
    /// Every coupon, by the quantity that Redis knows, is claimed.
    pub(super) is_full: bool,
    /// All claims are known, and none of them is this user's.
    pub(super) holds_none: bool,
    pub(super) count: i64,
    pub(super) epoch: u64,
}

// KEYS: terms, claims, count. ARGV: the user.
const READ: &str = "
local terms = redis.call('HMGET', KEYS[1], 'quantity', 'per_user', 'epoch')
if not (terms[1] and terms[2] and terms[3]) then return {0, 0, 0, 0, '0'} end
local count = COUNT
if count < 0 then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
  return {0, 0, 0, 0, '0'}
end
local holds_all = HAS(ARGV[1] .. '#' .. terms[2])
local full, none = 0, 0
if count >= tonumber(terms[1]) then
  full = 1
  if not HAS(ARGV[1] .. '#1') then none = 1 end
end
return {holds_all and 1 or 0, full, none, count, terms[3]}
";

// KEYS: the same. ARGV: a new epoch, the expected epoch or 0, quantity, coupons per user, expiry in milliseconds,
// claims.
const UPDATE: &str = "
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  redis.call('DEL', KEYS[2], KEYS[3])
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local quantity = tonumber(redis.call('HGET', KEYS[1], 'quantity') or '0')
if ARGV[2] == '0' or ARGV[2] == epoch then
  quantity = math.max(quantity, tonumber(ARGV[3]))
  redis.call('HSET', KEYS[1], 'quantity', quantity, 'per_user', ARGV[4])
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 6, #ARGV do
    ADD
  end
  for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, ARGV[5]) end
end
local count = COUNT
return {0, count >= quantity and 1 or 0, 0, count, epoch}
";

impl GateScript {
    fn fill(self, script: &str) -> String {
        // A set that expired without its counter, or the other way round, gives a count of -1: nothing is known.
        let (count, has, add) = match self {
            GateScript::Counter => (
                "tonumber(redis.call('GET', KEYS[3]) or '0')
if redis.call('SCARD', KEYS[2]) ~= count then count = -1 end",
                "redis.call('SISMEMBER', KEYS[2], ",
                "if redis.call('SADD', KEYS[2], ARGV[i]) == 1 then redis.call('INCR', KEYS[3]) end",
            ),
            GateScript::SortedSet => (
                "redis.call('ZCARD', KEYS[2])",
                "redis.call('ZSCORE', KEYS[2], ",
                "redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])",
            ),
        };
        let known = match self {
            GateScript::Counter => "== 1",
            GateScript::SortedSet => "~= false",
        };
        let has = format!("local function HAS(name) return {has}name) {known} end\n");
        format!("{has}{}", script.replace("COUNT", count).replace("ADD\n", &format!("{add}\n")))
    }
}

impl Scripts {
    pub(super) fn new(kind: GateScript) -> Scripts {
        Scripts { kind, read: Script::new(&kind.fill(READ)), update: Script::new(&kind.fill(UPDATE)) }
    }

    pub(super) fn keys(&self, redis: &Redis, campaign: CampaignId) -> Keys {
        let kind = match self.kind {
            GateScript::Counter => "c",
            GateScript::SortedSet => "z",
        };
        let key = |name: &str| redis.key(&format!("gate:{kind}:{{{}}}:{name}", campaign.0));
        Keys([key("terms"), key("claims"), key("count")])
    }

    /// Returns each key of a campaign with the type of its value.
    pub(super) fn types<'k>(&self, keys: &'k Keys) -> [(&'k str, &'static str); 3] {
        let claims = match self.kind {
            GateScript::Counter => "set",
            GateScript::SortedSet => "zset",
        };
        let Keys([terms_key, claims_key, count_key]) = keys;
        [(terms_key, "hash"), (claims_key, claims), (count_key, "string")]
    }

    /// Reads what is known of a campaign and a user.
    pub(super) async fn read(&self, mut line: Line, keys: &Keys, user: UserId) -> RedisResult<Found> {
        self.read.key(&keys.0[..]).arg(user.0).invoke_async::<Answer>(&mut line).await.map(found)
    }

    /// Writes a campaign's terms and claims; claims of an earlier epoch are ignored.
    pub(super) async fn update(
        &self,
        mut line: Line,
        keys: &Keys,
        campaign: &Campaign,
        Claims { epoch, names }: Claims<'_>,
    ) -> RedisResult<Found> {
        let mut new_epoch = [0; 8];
        // Without random bytes it is still different from no epoch.
        let _ = getrandom::fill(&mut new_epoch);
        // Small enough for a number of any script language.
        let new_epoch = (u64::from_be_bytes(new_epoch) >> 12).max(1);
        let mut call = self.update.key(&keys.0[..]);
        call.arg(new_epoch.to_string()).arg(epoch.to_string()).arg(campaign.quantity).arg(campaign.issue_per_user_max);
        call.arg(campaign.valid_until.micros() / 1_000 + KEPT_MS).arg(names);
        call.invoke_async::<Answer>(&mut line).await.map(found)
    }

    pub(super) async fn clear(&self, mut line: Line, keys: &Keys) -> RedisResult<()> {
        redis::cmd("DEL").arg(&keys.0[..]).query_async(&mut line).await
    }
}

/// Returns the type of a key's value; `none` for a key that does not exist.
pub(super) async fn type_of(mut line: Line, key: &str) -> RedisResult<String> {
    redis::cmd("TYPE").arg(key).query_async(&mut line).await
}

type Answer = (i64, i64, i64, i64, String);

fn found(answer: Answer) -> Found {
    let (holds_all, is_full, holds_none, count, epoch) = answer;
    Found {
        holds_all: holds_all == 1,
        is_full: is_full == 1,
        holds_none: holds_none == 1,
        count,
        epoch: epoch.parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::gate::updates::claim;

    #[test]
    fn a_claim_has_one_name() {
        assert_eq!(claim(UserId(7), 1), "7#1");
    }

    #[test]
    fn every_placeholder_of_a_script_is_filled() {
        for kind in [GateScript::Counter, GateScript::SortedSet] {
            for script in [READ, UPDATE] {
                let script = kind.fill(script);
                assert!(!script.contains("COUNT") && !script.contains("    ADD\n"), "{script}");
            }
        }
    }
}
