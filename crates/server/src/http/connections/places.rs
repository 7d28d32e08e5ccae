//! Who may have a connection: so many altogether, so many of one address, and a few more that only ask how the shop is
//! (`docs/decisions/0045`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::ConnectionLimits;
use super::phase::Phases;
use crate::security::rate_limits::Network;
use crate::system::logging::Thinned;

/// Connections beyond the limit, on which nothing but the shop's health is answered.
pub(super) const RESERVE: usize = 16;
/// Of one address. A further one takes the place of its oldest.
const RESERVE_OF_ONE: usize = 4;
/// Of a large number of connections, so many are looked through at most for each that is given up.
const SEARCHED_FOR_EACH: usize = 256;

/// When none of many gives way, none is asked again for so long: looking through them takes its time.
const SEARCH_AGAIN: Duration = Duration::from_millis(20);

/// What a connection may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Everything,
    /// Nothing but health, for this reason.
    HealthOnly(Full),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The shop has all the connections that it may have, and all are in use.
    Shop,
    /// The same of the client's address.
    Address,
}

/// All places at one listener.
pub(super) struct Places {
    limits: ConnectionLimits,
    kept: Mutex<Kept>,
    thinned: Thinned,
}

#[derive(Default)]
struct Kept {
    last: u64,
    /// No connection waited for a request at this moment, when all were looked through.
    all_busy_at: Option<Instant>,
    ordinary: usize,
    /// Ordinary ones, by address.
    of: HashMap<Network, usize>,
    taken: HashMap<u64, Taken>,
}

struct Taken {
    network: Network,
    standing: Standing,
    phases: Arc<Phases>,
}

/// A connection's place, given back when it closes.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    pub(super) standing: Standing,
    pub(super) phases: Arc<Phases>,
}

impl Places {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Places> {
        Arc::new(Places { limits, kept: Mutex::default(), thinned: Thinned::new(1) })
    }

    /// A place for a connection that was just accepted. Where there is none, one that nobody uses is closed for it.
    pub(super) fn take(self: &Arc<Self>, network: Network) -> Place {
        let mut kept = self.kept.lock();
        let ConnectionLimits { connections_max, connections_per_address_max, .. } = self.limits;
        let full = if kept.of.get(&network).copied().unwrap_or(0) >= connections_per_address_max {
            Some(Full::Address)
        } else if kept.ordinary >= connections_max {
            Some(Full::Shop)
        } else {
            None
        };
        let standing = match full {
            Some(full) if !kept.make_room(full, network) => {
                self.tell(full, network, kept.ordinary);
                kept.renew_reserve(network);
                Standing::HealthOnly(full)
            }
            Some(_) | None => Standing::Everything,
        };
        kept.last += 1;
        let number = kept.last;
        let phases = Arc::new(Phases::new(&self.limits, standing));
        kept.count_in(number, Taken { network, standing, phases: Arc::clone(&phases) });
        Place { places: Arc::clone(self), number, standing, phases }
    }

    fn tell(&self, full: Full, network: Network, open: usize) {
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
        if taken.standing == Standing::Everything {
            self.ordinary += 1;
            *self.of.entry(taken.network).or_default() += 1;
        }
        self.taken.insert(number, taken);
    }

    fn count_out(&mut self, number: u64) -> Option<Taken> {
        let taken = self.taken.remove(&number)?;
        if taken.standing == Standing::Everything {
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

    /// Closes connections that wait for a request: those first that never sent one, then those that wait longest.
    fn make_room(&mut self, full: Full, network: Network) -> bool {
        let is_recent = |at: Instant| at.elapsed() < SEARCH_AGAIN;
        if self.taken.len() > SEARCHED_FOR_EACH && self.all_busy_at.is_some_and(is_recent) {
            return false;
        }
        let counts =
            |taken: &Taken| taken.standing == Standing::Everything && (full == Full::Shop || taken.network == network);
        let waiting = self.taken.iter().filter(|(_, taken)| counts(taken));
        let waiting = waiting.filter_map(|(number, taken)| Some((taken.phases.waits_since()?, *number)));
        let mut waiting: Vec<((bool, Instant), u64)> = waiting.collect();
        waiting.sort_unstable();
        let enough = 1 + self.taken.len() / SEARCHED_FOR_EACH;
        waiting.iter().take(enough).for_each(|(_, number)| self.close(*number));
        self.all_busy_at = waiting.is_empty().then(Instant::now);
        !waiting.is_empty()
    }

    /// Whoever asks for health now is answered before those who have had the time to.
    fn renew_reserve(&mut self, network: Network) {
        let spare = |taken: &Taken| taken.standing != Standing::Everything;
        let reserve: Vec<u64> =
            self.taken.iter().filter(|(_, taken)| spare(taken)).map(|(number, _)| *number).collect();
        let own = |number: &&u64| self.taken.get(number).is_some_and(|taken| taken.network == network);
        let oldest = match reserve.iter().filter(own).count() {
            RESERVE_OF_ONE.. => reserve.iter().filter(own).min(),
            _ if reserve.len() >= RESERVE => reserve.iter().min(),
            _ => None,
        };
        if let Some(oldest) = oldest.copied() {
            self.close(oldest);
        }
    }

    fn close(&mut self, number: u64) {
        if let Some(taken) = self.count_out(number) {
            taken.phases.give_way();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.kept.lock().count_out(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max: usize, of_one: usize) -> Arc<Places> {
        let second = Duration::from_secs(1);
        Places::new(ConnectionLimits {
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
    fn busy(places: &Arc<Places>, last: u8) -> Place {
        let place = places.take(network(last));
        place.phases.head_complete();
        place
    }

    #[tokio::test]
    async fn one_address_leaves_room_for_others() {
        let places = places(4, 2);
        let held = [busy(&places, 1), busy(&places, 1)];
        assert!(held.iter().all(|place| place.standing == Standing::Everything));
        assert_eq!(busy(&places, 1).standing, Standing::HealthOnly(Full::Address));
        let others = [busy(&places, 2), busy(&places, 3)];
        assert!(others.iter().all(|place| place.standing == Standing::Everything));
        assert_eq!(busy(&places, 4).standing, Standing::HealthOnly(Full::Shop));
        drop(held);
        assert_eq!(busy(&places, 4).standing, Standing::Everything);
    }

    #[tokio::test]
    async fn who_waits_for_nothing_gives_way() {
        let places = places(2, 2);
        let used = busy(&places, 1);
        used.phases.answered();
        let silent = places.take(network(1));
        let newcomer = busy(&places, 1);
        assert_eq!(newcomer.standing, Standing::Everything);
        assert!(silent.phases.gives_way() && !used.phases.gives_way(), "who never asked goes first");
        assert_eq!(busy(&places, 2).standing, Standing::Everything);
        assert!(used.phases.gives_way());
        drop((silent, used));
        assert_eq!(places.kept.lock().ordinary, 1, "a place is given back once");
    }

    #[tokio::test]
    async fn the_reserve_is_for_whoever_asks_last() {
        let places = places(1, 1);
        let _held = busy(&places, 1);
        let first = places.take(network(1));
        let further: Vec<Place> = (0..RESERVE_OF_ONE).map(|_| places.take(network(1))).collect();
        assert!(first.phases.gives_way());
        assert!(further.iter().all(|place| place.standing == Standing::HealthOnly(Full::Address)));
        assert!(!further[0].phases.gives_way());
        assert_eq!(places.take(network(2)).standing, Standing::HealthOnly(Full::Shop));
    }

    #[tokio::test]
    async fn nothing_is_left_of_those_who_went() {
        let places = places(2, 1);
        drop((busy(&places, 1), busy(&places, 2), busy(&places, 1), busy(&places, 3)));
        let kept = places.kept.lock();
        assert!(kept.ordinary == 0 && kept.of.is_empty() && kept.taken.is_empty());
    }
}
