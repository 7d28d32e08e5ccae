//! Limits the number of connections: in total and per address, with a small reserve for health checks (`docs/decisions/0045`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::level::{Full, ServiceLevel};
use super::limits::ConnectionLimits;
use super::phase::Phases;
use crate::security::rate_limits::Network;
use crate::system::logging::Thinned;

/// Connections beyond the limit, on which only health checks are answered.
pub(super) const RESERVE: usize = 16;
/// Reserve connections of one address. A further one replaces the oldest of them.
const RESERVE_PER_ADDRESS: usize = 4;
/// One connection is evicted for each this many that were searched.
const SEARCHED_PER_EVICTION: usize = 256;

/// The pause after a search among many connections that found none to evict, since a search takes time.
const SEARCH_AGAIN: Duration = Duration::from_millis(20);

/// The connections of one listener.
pub(super) struct Slots {
    limits: ConnectionLimits,
    kept: Mutex<Kept>,
    thinned: Thinned,
}

#[derive(Default)]
struct Kept {
    last: u64,
    /// When the last search found no idle connection.
    all_busy_at: Option<Instant>,
    /// Connections that are not on the reserve.
    ordinary: usize,
    /// Ordinary connections per address.
    of: HashMap<Network, usize>,
    taken: HashMap<u64, Taken>,
}

struct Taken {
    network: Network,
    level: ServiceLevel,
    phases: Arc<Phases>,
}

/// A connection's slot. Dropping it frees the slot.
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    pub(super) level: ServiceLevel,
    pub(super) phases: Arc<Phases>,
}

impl Slots {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Slots> {
        Arc::new(Slots { limits, kept: Mutex::default(), thinned: Thinned::new(1) })
    }

    /// Takes a slot for a new connection. If a limit is reached, evicts an idle connection, or else uses the reserve.
    pub(super) fn take(self: &Arc<Self>, network: Network) -> Slot {
        self.take_within(network, self.limits.connections_per_address_max)
    }

    /// The same for an address that has no limit of its own.
    pub(super) fn take_of_proxy(self: &Arc<Self>, network: Network) -> Slot {
        self.take_within(network, usize::MAX)
    }

    fn take_within(self: &Arc<Self>, network: Network, of_address_max: usize) -> Slot {
        let mut kept = self.kept.lock();
        let connections_max = self.limits.connections_max;
        let full = if kept.of.get(&network).copied().unwrap_or(0) >= of_address_max {
            Some(Full::Address)
        } else if kept.ordinary >= connections_max {
            Some(Full::Shop)
        } else {
            None
        };
        let level = match full {
            Some(full) if !kept.make_room(full, network) => {
                self.log_full(full, network, kept.ordinary);
                kept.renew_reserve(network);
                ServiceLevel::HealthOnly(full)
            }
            Some(_) | None => ServiceLevel::Everything,
        };
        kept.last += 1;
        let number = kept.last;
        let phases = Arc::new(Phases::new(&self.limits, level));
        kept.count_in(number, Taken { network, level, phases: Arc::clone(&phases) });
        Slot { slots: Arc::clone(self), number, level, phases }
    }

    fn log_full(&self, full: Full, network: Network, open: usize) {
        let Some(left_out) = self.thinned.admits() else { return };
        match full {
            Full::Address => {
                tracing::warn!(%network, left_out, "An address uses all the connections that it may have; see server.connections_per_address_max");
            }
            Full::Shop => tracing::warn!(open, left_out, "All connections are in use; see server.connections_max"),
        }
    }
}

impl Kept {
    fn count_in(&mut self, number: u64, taken: Taken) {
        if taken.level == ServiceLevel::Everything {
            self.ordinary += 1;
            *self.of.entry(taken.network).or_default() += 1;
        }
        self.taken.insert(number, taken);
    }

    fn count_out(&mut self, number: u64) -> Option<Taken> {
        let taken = self.taken.remove(&number)?;
        if taken.level == ServiceLevel::Everything {
            self.ordinary -= 1;
            if let Some(count) = self.of.get_mut(&taken.network) {
                *count -= 1;
                if *count == 0 {
                    self.of.remove(&taken.network);
                }
            }
        }
        Some(taken)
    }

    /// Evicts idle connections: first those that never sent a request, then the longest idle ones. Returns `false` if none is idle.
    fn make_room(&mut self, full: Full, network: Network) -> bool {
        let is_recent = |at: Instant| at.elapsed() < SEARCH_AGAIN;
        if self.taken.len() > SEARCHED_PER_EVICTION && self.all_busy_at.is_some_and(is_recent) {
            return false;
        }
        let counts =
            |taken: &Taken| taken.level == ServiceLevel::Everything && (full == Full::Shop || taken.network == network);
        let waiting = self.taken.iter().filter(|(_, taken)| counts(taken));
        let waiting = waiting.filter_map(|(number, taken)| Some((taken.phases.waits_since()?, *number)));
        let mut waiting: Vec<((bool, Instant), u64)> = waiting.collect();
        waiting.sort_unstable();
        let enough = 1 + self.taken.len() / SEARCHED_PER_EVICTION;
        waiting.iter().take(enough).for_each(|(_, number)| self.close(*number));
        self.all_busy_at = waiting.is_empty().then(Instant::now);
        !waiting.is_empty()
    }

    /// Frees a reserve slot for a new connection, if needed: the oldest has had time to send its request.
    fn renew_reserve(&mut self, network: Network) {
        let spare = |taken: &Taken| taken.level != ServiceLevel::Everything;
        let reserve: Vec<u64> =
            self.taken.iter().filter(|(_, taken)| spare(taken)).map(|(number, _)| *number).collect();
        let own = |number: &&u64| self.taken.get(number).is_some_and(|taken| taken.network == network);
        let oldest = match reserve.iter().filter(own).count() {
            RESERVE_PER_ADDRESS.. => reserve.iter().filter(own).min(),
            _ if reserve.len() >= RESERVE => reserve.iter().min(),
            _ => None,
        };
        if let Some(oldest) = oldest.copied() {
            self.close(oldest);
        }
    }

    fn close(&mut self, number: u64) {
        if let Some(taken) = self.count_out(number) {
            taken.phases.evict();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.kept.lock().count_out(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(max: usize, of_one: usize) -> Arc<Slots> {
        let second = Duration::from_secs(1);
        Slots::new(ConnectionLimits {
            threads: 1,
            connections_max: max,
            connections_per_address_max: of_one,
            header_timeout: second,
            body_timeout: second,
            idle_timeout: second,
            write_timeout: second,
            shutdown_grace: second,
        })
    }

    fn network(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    /// A connection whose request is being answered.
    fn busy(slots: &Arc<Slots>, last: u8) -> Slot {
        let slot = slots.take(network(last));
        slot.phases.head_complete();
        slot
    }

    #[tokio::test]
    async fn one_address_leaves_room_for_others() {
        let slots = slots(4, 2);
        let held = [busy(&slots, 1), busy(&slots, 1)];
        assert!(held.iter().all(|slot| slot.level == ServiceLevel::Everything));
        assert_eq!(busy(&slots, 1).level, ServiceLevel::HealthOnly(Full::Address));
        let others = [busy(&slots, 2), busy(&slots, 3)];
        assert!(others.iter().all(|slot| slot.level == ServiceLevel::Everything));
        assert_eq!(busy(&slots, 4).level, ServiceLevel::HealthOnly(Full::Shop));
        drop(held);
        assert_eq!(busy(&slots, 4).level, ServiceLevel::Everything);
    }

    #[tokio::test]
    async fn a_proxy_has_only_the_limit_of_the_whole_shop() {
        let slots = slots(3, 1);
        let held: Vec<Slot> = (0..3).map(|_| slots.take_of_proxy(network(1))).collect();
        held.iter().for_each(|slot| slot.phases.head_complete());
        assert!(held.iter().all(|slot| slot.level == ServiceLevel::Everything));
        assert_eq!(slots.take_of_proxy(network(1)).level, ServiceLevel::HealthOnly(Full::Shop));
    }

    #[tokio::test]
    async fn an_idle_connection_is_evicted() {
        let slots = slots(2, 2);
        let used = busy(&slots, 1);
        used.phases.answered();
        let silent = slots.take(network(1));
        let newcomer = busy(&slots, 1);
        assert_eq!(newcomer.level, ServiceLevel::Everything);
        assert!(
            silent.phases.is_evicted() && !used.phases.is_evicted(),
            "a connection that never sent a request is evicted first"
        );
        assert_eq!(busy(&slots, 2).level, ServiceLevel::Everything);
        assert!(used.phases.is_evicted());
        drop((silent, used));
        assert_eq!(slots.kept.lock().ordinary, 1, "a slot is freed once");
    }

    #[tokio::test]
    async fn the_newest_connection_gets_the_reserve() {
        let slots = slots(1, 1);
        let _held = busy(&slots, 1);
        let first = slots.take(network(1));
        let further: Vec<Slot> = (0..RESERVE_PER_ADDRESS).map(|_| slots.take(network(1))).collect();
        assert!(first.phases.is_evicted());
        assert!(further.iter().all(|slot| slot.level == ServiceLevel::HealthOnly(Full::Address)));
        assert!(!further[0].phases.is_evicted());
        assert_eq!(slots.take(network(2)).level, ServiceLevel::HealthOnly(Full::Shop));
    }

    #[tokio::test]
    async fn closed_connections_leave_nothing_behind() {
        let slots = slots(2, 1);
        drop((busy(&slots, 1), busy(&slots, 2), busy(&slots, 1), busy(&slots, 3)));
        let kept = slots.kept.lock();
        assert!(kept.ordinary == 0 && kept.of.is_empty() && kept.taken.is_empty());
    }
}
