//! A test's own Redis cluster, of which it can kill a primary.

use crate::redis_server::{RedisServer, wait_until};

const PRIMARIES: u16 = 3;
const SLOTS: u16 = 16_384;

/// Three primaries, and as many replicas: that of a primary is three places behind it.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts a cluster and waits until every node serves; `None`, with a recorded skip, if there is no Redis.
    ///
    /// # Panics
    /// The nodes do not become a cluster.
    pub fn start(test: &str) -> Option<RedisCluster> {
        let flags = ["--cluster-enabled yes", "--cluster-node-timeout 3000", "--cluster-replica-validity-factor 0"];
        let flags: Vec<&str> = flags.iter().flat_map(|flag| flag.split(' ')).collect();
        let nodes: Option<Vec<RedisServer>> = (0..2 * PRIMARIES).map(|_| RedisServer::start(test, &flags)).collect();
        let nodes = nodes?;
        for (epoch, node) in (1..).zip(&nodes) {
            // Only a node that knows no other takes an epoch.
            node.say(&format!("CLUSTER SET-CONFIG-EPOCH {epoch}"));
            if epoch > 1 {
                nodes[0].say(&format!("CLUSTER MEET 127.0.0.1 {}", node.port()));
            }
        }
        for (place, node) in (0..PRIMARIES).zip(&nodes) {
            node.say(&format!("CLUSTER ADDSLOTSRANGE {} {}", first_slot(place), first_slot(place + 1) - 1));
        }
        let all_say = |command: &str, word: &str| nodes.iter().all(|node| node.say(command).contains(word));
        wait_until("the nodes know each other", || all_say("CLUSTER INFO", "cluster_known_nodes:6"));
        let (primaries, replicas) = nodes.split_at(PRIMARIES.into());
        for (replica, primary) in replicas.iter().zip(primaries) {
            let id = primary.say("CLUSTER MYID");
            replica.say(&format!("CLUSTER REPLICATE {}", id.lines().nth(1).unwrap_or_default()));
        }
        wait_until("the cluster is whole", || all_say("CLUSTER INFO", "cluster_state:ok"));
        let is_synchronous = |replica: &RedisServer| replica.say("INFO replication").contains("master_link_status:up");
        wait_until("the replicas have the data", || replicas.iter().all(is_synchronous));
        Some(RedisCluster { nodes })
    }

    pub fn address(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Kills the first primary of a key's slot and waits until its replica serves.
    ///
    /// # Panics
    /// The primary was killed before, or the replica does not take over.
    pub fn fail_over(&mut self, key: &str) {
        let place = self.place_of(key);
        self.nodes[place].kill();
        let replica = &self.nodes[place + usize::from(PRIMARIES)];
        wait_until("the replica is promoted", || replica.say("INFO replication").contains("role:master"));
        wait_until("the cluster is whole again", || replica.say("CLUSTER INFO").contains("cluster_state:ok"));
    }

    /// Lets the replica of a key's primary take over, while the primary goes on as a replica: no connection breaks.
    ///
    /// # Panics
    /// The replica does not take over.
    pub fn take_over(&self, key: &str) {
        let replica = &self.nodes[self.place_of(key) + usize::from(PRIMARIES)];
        replica.say("CLUSTER FAILOVER TAKEOVER");
        wait_until("the replica is promoted", || replica.say("INFO replication").contains("role:master"));
        let former = &self.nodes[self.place_of(key)];
        wait_until("the primary is a replica", || former.say("INFO replication").contains("master_link_status:up"));
    }

    fn place_of(&self, key: &str) -> usize {
        let slot = self.nodes[usize::from(PRIMARIES)].say(&format!("CLUSTER KEYSLOT {key}"));
        let slot: u32 = slot.trim().trim_start_matches(':').parse().expect("a slot is a number");
        (1..PRIMARIES).filter(|place| slot >= first_slot(*place)).count()
    }
}

/// Returns the first slot of a primary.
fn first_slot(place: u16) -> u32 {
    u32::from(place) * u32::from(SLOTS) / u32::from(PRIMARIES)
}
