//! The due timers of a disk.

use app::ports::DueTimer;
use app::state::rows::{DeadLetterStatus, ParkedEventKey};
use domain::time::Timestamp;

use crate::disk::State;

pub(super) fn timers(state: &State, now: Timestamp, limit: usize) -> Vec<DueTimer> {
    let mut due = orders(state, now, limit);
    due.extend(drops(state, now, limit));
    due.extend(parked(state, now, limit));
    due.extend(letters(state, now, limit));
    due
}

fn orders(state: &State, now: Timestamp, limit: usize) -> Vec<DueTimer> {
    let timers = state.timers.iter().map(|(order, timer)| (timer.due, *order));
    let mut due: Vec<_> = timers.filter(|(due, _)| *due <= now).collect();
    due.sort_unstable();
    due.into_iter().take(limit).map(|(due, order)| DueTimer::Order { order, due }).collect()
}

fn drops(state: &State, now: Timestamp, limit: usize) -> Vec<DueTimer> {
    let turns = state.drops.values().filter_map(|drop| Some((drop.turns_at()?, drop.id)));
    let mut due: Vec<_> = turns.filter(|(at, _)| *at <= now).collect();
    due.sort_unstable();
    due.into_iter().take(limit).map(|(_, drop)| DueTimer::Drop { drop }).collect()
}

fn parked(state: &State, now: Timestamp, limit: usize) -> Vec<DueTimer> {
    let mut due: Vec<_> = state.parked.iter().filter(|(_, parked)| parked.due <= now).collect();
    due.sort_by_key(|(key, parked)| (parked.due, **key));
    let timer = |(key, parked): (&app::state::rows::ParkKey, &app::state::rows::ParkedKey)| {
        let event = |number| ParkedEventKey { park: *key, number };
        let run = event(parked.first)..event(parked.first + parked.run);
        let messages = state.parked_events.range(run).map(|(_, message)| message.clone()).collect();
        DueTimer::Parked { key: *key, parked: parked.clone(), messages }
    };
    due.into_iter().take(limit).map(timer).collect()
}

fn letters(state: &State, now: Timestamp, limit: usize) -> Vec<DueTimer> {
    let is_due = |letter: &&app::state::rows::DeadLetter| {
        letter.status == DeadLetterStatus::Scheduled && letter.due.is_some_and(|due| due <= now)
    };
    let mut due: Vec<_> = state.letters.values().filter(is_due).collect();
    due.sort_by_key(|letter| (letter.due, letter.id));
    due.into_iter().take(limit).map(|letter| DueTimer::DeadLetter(Box::new(letter.clone()))).collect()
}
