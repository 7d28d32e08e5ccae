//! Checks of the store and of the services around it.

use app::events::topic::Wanted;
use app::ports::Clock as _;
use domain::time::Timestamp;

use super::finding::Finding;
use super::secrets;
use crate::config::Config;
use crate::wiring;
use crate::wiring::upkeep::{self, ExaminedDatabase, ExaminedRedis, ExaminedRedisServer, ExaminedTopic};

/// Clocks that differ by more make deadlines of one process early for another.
const CLOCK_MAX_MS: i64 = 1_000;
const SECOND_US: i64 = 1_000_000;
const PACKET_MIN: u64 = 16 << 20;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let database = config.store.database().map(|database| upkeep::examine_database(database.address()));
    let mut findings = match &database {
        Some(examined) => of_database(config, examined),
        None => of_folder(config),
    };
    findings.extend(config.redis.address().map(|address| of_redis(config, address)));
    if config.kafka.brokers().is_some() {
        findings.extend(of_kafka(config));
    }
    findings.push(encryption(config, database.and_then(Result::ok).as_ref()));
    findings
}

fn of_folder(config: &Config) -> Vec<Finding> {
    let mut findings = vec![];
    match upkeep::examine_folder(config) {
        Err(error) => findings.push(Finding::found("sqlite", error.to_string(), error.advice())),
        Ok(examined) => {
            findings.push(Finding::ok("sqlite", format!("version {}, in this program", examined.version)));
            findings.push(clock(examined.newest_event));
            findings.push(secrets::of_webhooks(config, &examined.webhook_secrets));
        }
    }
    if config.store.synchronous == crate::config::Synchronous::Off {
        findings.push(Finding::found(
            "durability",
            "store.synchronous = \"off\": a power cut loses answered orders",
            "set store.synchronous = \"full\"",
        ));
    }
    findings
}

/// Compares the clock with the newest event: a store is never written in the future.
fn clock(newest: Option<Timestamp>) -> Finding {
    let now = wiring::clock().now();
    let ahead = newest.map_or(0, |newest| newest.micros() - now.micros());
    Finding::rule(
        "clock",
        ahead <= SECOND_US,
        match newest {
            None => "there is no event yet to compare it with".to_owned(),
            Some(_) if ahead <= SECOND_US => "later than the newest event of the store".to_owned(),
            Some(_) => format!("the newest event of the store is {} s in the future", ahead / SECOND_US),
        },
        "synchronise the clock (chrony, systemd-timesyncd): a shop waits until its clock has caught up with its events",
    )
}

fn of_database(config: &Config, examined: &Result<ExaminedDatabase, wiring::Error>) -> Vec<Finding> {
    let examined = match examined {
        Ok(examined) => examined,
        Err(error) => return vec![Finding::found("mysql", error.to_string(), error.advice())],
    };
    let variable = |name: &str| examined.variables.get(name).map(String::as_str).unwrap_or_default();
    let ahead_ms = (examined.now_us - wiring::clock().now().micros()).abs() / 1_000;
    let mut findings = vec![
        Finding::ok("mysql", format!("version {}", variable("version"))),
        Finding::rule(
            "clock",
            ahead_ms <= CLOCK_MAX_MS,
            format!("it and the database's clock differ by {ahead_ms} ms"),
            "synchronise both clocks (chrony, systemd-timesyncd)",
        ),
    ];
    findings.push(secrets::of_webhooks(config, &examined.webhook_secrets));
    findings.extend(durability(examined));
    let needed = config.store.readers as u64 + 8;
    let connections = variable("max_connections");
    findings.push(Finding::rule(
        "mysql connections",
        connections.parse::<u64>().is_ok_and(|allowed| allowed >= needed * 2),
        format!("max_connections = {connections}; each process needs about {needed}"),
        "raise max_connections to the number of processes times that",
    ));
    let packet = variable("max_allowed_packet");
    findings.push(Finding::rule(
        "mysql packets",
        packet.parse::<u64>().is_ok_and(|bytes| bytes >= PACKET_MIN),
        format!("max_allowed_packet = {packet}"),
        format!("set max_allowed_packet to {PACKET_MIN} or more: a batch is one message"),
    ));
    findings
}

/// Checks the durability of commits on the server.
fn durability(examined: &ExaminedDatabase) -> Vec<Finding> {
    let variable = |name: &str| examined.variables.get(name).map(String::as_str).unwrap_or_default();
    let flush = variable("innodb_flush_log_at_trx_commit");
    let mut findings = vec![Finding::rule(
        "mysql durability",
        flush == "1",
        format!("innodb_flush_log_at_trx_commit = {flush}"),
        "set innodb_flush_log_at_trx_commit = 1: otherwise a power cut loses answered orders",
    )];
    let doublewrite = variable("innodb_doublewrite");
    findings.push(Finding::rule(
        "mysql pages",
        !doublewrite.eq_ignore_ascii_case("off") && doublewrite != "0",
        format!("innodb_doublewrite = {doublewrite}"),
        "set innodb_doublewrite = ON unless the file system writes whole pages",
    ));
    let (log, sync) = (variable("log_bin"), variable("sync_binlog"));
    let has_log = log.eq_ignore_ascii_case("on") || log == "1";
    findings.push(if has_log {
        Finding::rule(
            "mysql binary log",
            sync == "1",
            format!("log_bin is on, sync_binlog = {sync}"),
            "set sync_binlog = 1: otherwise replicas and restores may miss answered orders",
        )
    } else {
        Finding::skipped("mysql binary log", "log_bin is off: a restore goes back to the last copy")
    });
    findings
}

fn of_redis(config: &Config, address: &str) -> Finding {
    let ExaminedRedis { is_cluster, primaries } = match upkeep::examine_redis(config, address) {
        Ok(examined) => examined,
        Err(error) => return Finding::found("redis", error.to_string(), error.advice()),
    };
    let evicts_in_use = |server: &&ExaminedRedisServer| {
        server.maxmemory > 0 && server.policy != "allkeys-lru" && server.policy != "noeviction"
    };
    let worst = primaries.iter().find(evicts_in_use);
    let Some(server) = worst.or(primaries.first()) else {
        return Finding::found("redis", "the cluster has no primary", "create the cluster: every slot needs a primary");
    };
    let version = &server.version;
    match server.mode.as_str() {
        "cluster" if !is_cluster => Finding::found(
            "redis",
            format!("version {version}, a node of a cluster, which REDIS_URL names as a single server"),
            "write REDIS_URL=redis+cluster://host:6379 (rediss+cluster with TLS): docs/cluster.md",
        ),
        "sentinel" => Finding::found(
            "redis",
            format!("version {version}, a sentinel, which REDIS_URL names as a server"),
            "write REDIS_URL=redis+sentinel://host:26379/NAME (rediss+sentinel with TLS): docs/cluster.md",
        ),
        _ if server.is_replica => Finding::found(
            "redis",
            format!("version {version}, a replica, which takes no writes"),
            "name the primary in REDIS_URL, or the sentinels that know it: docs/cluster.md",
        ),
        _ => {
            let count =
                if is_cluster { format!(", a cluster of {} primaries", primaries.len()) } else { String::new() };
            Finding::rule(
                "redis",
                worst.is_none(),
                format!("version {version}{count}, maxmemory {}, maxmemory-policy {}", server.maxmemory, server.policy),
                "set maxmemory-policy to allkeys-lru: the shop's keys may be lost, and the other policies evict those in use",
            )
        }
    }
}

fn of_kafka(config: &Config) -> Vec<Finding> {
    let examined = match upkeep::examine_topics(config) {
        Ok(examined) => examined,
        Err(error) => return vec![Finding::found("kafka", error.to_string(), error.advice())],
    };
    let wanted = wiring::wanted_topics(config);
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|wanted| examined.iter().all(|topic| topic.name != upkeep::topic_name(config, wanted.name)))
        .map(|wanted| wanted.name)
        .collect();
    let few: Vec<&ExaminedTopic> = examined.iter().filter(|topic| topic.in_sync < topic.replicas).collect();
    let weak: Vec<&ExaminedTopic> = examined.iter().filter(|topic| topic.in_sync_min < 2).collect();
    let names = |topics: &[&ExaminedTopic]| topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>().join(", ");
    vec![
        Finding::ok("kafka acks", "acks = all and idempotent, always"),
        Finding::rule(
            "kafka topics",
            missing.is_empty(),
            if missing.is_empty() {
                format!("all {} exist", wanted.len())
            } else {
                format!("missing: {}", missing.join(", "))
            },
            "`doorbuster topics apply` creates them",
        ),
        partitions(&wanted, &examined, |name| upkeep::topic_name(config, name)),
        Finding::rule(
            "kafka replicas",
            few.is_empty(),
            if few.is_empty() { "every replica is in sync".to_owned() } else { format!("behind: {}", names(&few)) },
            "look at the brokers: a replica that is behind cannot take over",
        ),
        Finding::rule(
            "kafka in sync",
            weak.is_empty(),
            if weak.is_empty() {
                "an acknowledged record is on two brokers at least".to_owned()
            } else {
                format!("an acknowledged record may be on one broker only: {} of {} topics", weak.len(), examined.len())
            },
            "run three brokers, set kafka.topics = \"production\", and min.insync.replicas = 2 on existing topics",
        ),
    ]
}

/// Finds topics with fewer partitions than wanted. More do no harm: keys use the first ones.
fn partitions(wanted: &[Wanted], examined: &[ExaminedTopic], named: impl Fn(&str) -> String) -> Finding {
    let short = wanted.iter().filter_map(|wanted| {
        let name = named(wanted.name);
        let found = examined.iter().find(|topic| topic.name == name)?.partitions;
        let is_short = usize::try_from(wanted.partitions).is_ok_and(|partitions| found < partitions);
        is_short.then(|| format!("{name} has {found} of {}", wanted.partitions))
    });
    let short: Vec<String> = short.collect();
    Finding::rule(
        "kafka partitions",
        short.is_empty(),
        if short.is_empty() { "every topic has as many as set".to_owned() } else { short.join(", ") },
        "`doorbuster topics plan` shows what a repartition waits for, and `doorbuster topics apply --switch` does it: \
         docs/operations.md",
    )
}

/// Names the connections that leave this machine without encryption.
fn encryption(config: &Config, database: Option<&ExaminedDatabase>) -> Finding {
    let mut plain = vec![];
    if config.store.database().is_some_and(|database| leaves(database.address()))
        && database.is_some_and(|examined| !examined.is_encrypted)
    {
        plain.push("the database");
    }
    if config.redis.address().is_some_and(|address| leaves(address) && !address.starts_with("rediss")) {
        plain.push("Redis");
    }
    if config.kafka.brokers().is_some_and(|brokers| brokers.split(',').any(leaves))
        && !config.kafka.properties.use_tls()
    {
        plain.push("Kafka");
    }
    if config.server.tls_files().is_none()
        && config
            .server
            .listen
            .parse::<std::net::SocketAddr>()
            .is_ok_and(|address| !address.ip().to_canonical().is_loopback())
    {
        plain.push("customers (server.listen)");
    }
    Finding::rule(
        "tls",
        plain.is_empty(),
        if plain.is_empty() {
            "no connection leaves this machine in the clear".to_owned()
        } else {
            format!("not encrypted: {}", plain.join(", "))
        },
        "docs/tls.md has the settings; what stays in the clear belongs into a private network, or behind a proxy or a tunnel",
    )
}

/// Returns whether an address names another machine.
fn leaves(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    hosts.split(',').any(|host| {
        let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
        !matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    })
}

#[cfg(test)]
mod tests {
    use app::events::topic::{DeadLetterNames, Profile};

    use super::*;

    #[test]
    fn an_address_of_another_machine_is_known() {
        for (address, is_elsewhere) in [
            ("mysql://u:p@127.0.0.1:3306/shop", false),
            ("redis://localhost", false),
            ("redis://[::1]:6379/", false),
            ("mysql://u:p@db.example:3306/shop", true),
            ("redis://10.0.0.7/", true),
            ("redis+cluster://127.0.0.1:7000,[::1]", false),
            ("redis+sentinel://u:p@127.0.0.1:26379,10.0.0.7/shop", true),
        ] {
            assert_eq!(leaves(address), is_elsewhere, "{address}");
        }
    }

    #[test]
    fn a_clock_behind_the_events_is_found() {
        let now = wiring::clock().now();
        let at = |seconds| Some(Timestamp::from_micros(now.micros() + seconds * SECOND_US));
        assert!(clock(None).next.is_none() && clock(at(-5)).next.is_none());
        assert!(clock(at(60)).detail.contains("in the future"));
    }

    #[test]
    fn topics_with_too_few_partitions_are_found() {
        let wanted = Profile::Production.wanted(DeadLetterNames::Dot);
        let wanted: Vec<Wanted> = wanted.into_iter().filter(|wanted| wanted.name.starts_with("order-events")).collect();
        let topic = |name: &str, partitions| ExaminedTopic {
            name: format!("shop.{name}"),
            partitions,
            replicas: 1,
            in_sync: 1,
            in_sync_min: 1,
        };
        let found = |examined: &[ExaminedTopic]| partitions(&wanted, examined, |name| format!("shop.{name}"));
        let short = found(&[topic("order-events", 15), topic("order-events.dlq", 3)]);
        assert_eq!(short.detail, "shop.order-events has 15 of 16, shop.order-events.dlq has 3 of 4");
        assert!(short.next.is_some_and(|next| next.contains("topics apply --switch")));
        assert!(found(&[topic("order-events", 16), topic("order-events.dlq", 9)]).next.is_none());
        assert!(found(&[]).next.is_none(), "what is missing is found by another check");
    }

    #[test]
    fn unsafe_settings_of_a_server_are_found() {
        let set = [
            ("innodb_flush_log_at_trx_commit", "2"),
            ("innodb_doublewrite", "OFF"),
            ("log_bin", "ON"),
            ("sync_binlog", "0"),
        ];
        let variables = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let examined = ExaminedDatabase { variables, now_us: 0, is_encrypted: false, webhook_secrets: vec![] };
        assert!(durability(&examined).iter().all(|finding| finding.next.is_some()));
    }
}
