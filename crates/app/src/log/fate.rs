//! The delivery status of an event: in all, and for each consumer group, in the words of source 002's EventLog (M-18).

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::DeadLetterId;
use domain::time::Timestamp;

use crate::events::event::EventKind;
use crate::log::groups::{LogInspector, Standing, standings};
use crate::log::reactions::{Group, groups_of};
use crate::ports::StoreError;
use crate::ports::events::{EventFailure, FailureStage, WrittenEvent};
use crate::ports::views::Views;
use crate::state::rows::{DeadLetterStatus, EventId, OffsetKey, Partition};
use crate::state::settings::Carrier;

/// The state of an event, or of its delivery to one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits: for its groups, or for the relay.
    Pending,
    /// It is on the broker, and none of its groups has handled it.
    Published,
    /// Some of its groups have handled it.
    InProgress,
    Completed,
    /// A group could not handle it; a retry is scheduled.
    Failed,
    /// A group has given it up.
    DeadLetter,
}

impl Status {
    pub const ALL: [Status; 6] =
        [Status::Pending, Status::Published, Status::InProgress, Status::Completed, Status::Failed, Status::DeadLetter];

    pub const fn name(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Published => "PUBLISHED",
            Status::InProgress => "IN_PROGRESS",
            Status::Completed => "COMPLETED",
            Status::Failed => "FAILED",
            Status::DeadLetter => "DEAD_LETTER",
        }
    }
}

/// The delivery of an event to one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDelivery {
    pub group: Group,
    pub status: Status,
    /// Failed attempts.
    pub attempts: i64,
    pub error: Option<Arc<str>>,
    pub next_attempt: Option<Timestamp>,
    pub letter: Option<DeadLetterId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    pub status: Status,
    pub deliveries: Vec<GroupDelivery>,
}

/// How far the groups are, as far as it concerns some events.
#[derive(Debug, Default)]
pub struct Progress {
    carrier: Option<Carrier>,
    /// Each shard's last published number; only with a relay.
    relayed: BTreeMap<i64, i64>,
    offsets: BTreeMap<OffsetKey, i64>,
    /// With a broker: groups that lag, and the moment of the first event that each has not handled.
    behind: BTreeMap<Group, Timestamp>,
    failures: BTreeMap<(Group, u128), EventFailure>,
}

impl Progress {
    /// Reads what is needed to tell the fate of these events.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store or the broker cannot be read.
    pub async fn look(
        views: &dyn Views,
        carrier: Carrier,
        book: &dyn LogInspector,
        events: &[WrittenEvent],
    ) -> Result<Progress, StoreError> {
        let mut progress = Progress { carrier: Some(carrier), ..Progress::default() };
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        if ids.is_empty() {
            return Ok(progress);
        }
        views.failures_of(ids).await?.into_iter().for_each(|failure| progress.note(failure));
        match carrier {
            Carrier::Inline => {}
            Carrier::OwnLog => progress.offsets = views.positions().await?.into_iter().collect(),
            Carrier::InlineRelayed => progress.read_relay(views).await?,
            Carrier::Broker => {
                progress.read_relay(views).await?;
                progress.measure_lag(views, book, events).await?;
            }
        }
        Ok(progress)
    }

    /// Keeps an open letter rather than a closed one, and the later one of two others. An event has several letters where it is
    /// told over several channels, or was given up again.
    fn note(&mut self, failure: EventFailure) {
        let rank = |failure: &EventFailure| match failure.stage {
            FailureStage::Parked => (false, None),
            FailureStage::DeadLetter { id, status } => (status.is_open(), Some(id)),
        };
        let key = (failure.group, failure.event.0);
        if self.failures.get(&key).is_none_or(|known| rank(known) <= rank(&failure)) {
            self.failures.insert(key, failure);
        }
    }

    async fn read_relay(&mut self, views: &dyn Views) -> Result<(), StoreError> {
        let shards = views.shards().await?;
        self.relayed = shards.into_iter().map(|place| (place.shard as i64, place.relayed)).collect();
        Ok(())
    }

    async fn measure_lag(
        &mut self,
        views: &dyn Views,
        book: &dyn LogInspector,
        events: &[WrittenEvent],
    ) -> Result<(), StoreError> {
        let kinds: Vec<EventKind> = events.iter().filter_map(|event| EventKind::from_name(&event.kind)).collect();
        for group in Group::ALL.iter().filter(|group| kinds.iter().any(|kind| group.subscribes_to(*kind))) {
            for standing in standings(*group, views, book).await?.iter().filter(|standing| standing.lag() > 0) {
                let first = first_waiting(book, standing).await?;
                let earliest = self.behind.entry(*group).or_insert(first);
                *earliest = first.min(*earliest);
            }
        }
        Ok(())
    }

    pub fn fate(&self, event: &WrittenEvent) -> Fate {
        let kind = EventKind::from_name(&event.kind);
        // Groups of notifications trail the commit, and are told of only where they gave up.
        let gave_up = self.failures.keys().filter(|(group, id)| group.notifies() && *id == event.id.0);
        let groups = kind.into_iter().flat_map(groups_of).chain(gave_up.map(|(group, _)| *group));
        let deliveries: Vec<GroupDelivery> = groups.map(|group| self.delivery(group, event)).collect();
        Fate { status: self.status(event, &deliveries), deliveries }
    }

    fn is_published(&self, event: &WrittenEvent) -> bool {
        !self.carrier.is_some_and(Carrier::has_relay)
            || self.relayed.get(&event.slot.shard).is_some_and(|relayed| event.slot.seq <= *relayed)
    }

    fn delivery(&self, group: Group, event: &WrittenEvent) -> GroupDelivery {
        let plain =
            |status| GroupDelivery { group, status, attempts: 0, error: None, next_attempt: None, letter: None };
        let Some(failure) = self.failures.get(&(group, event.id.0)) else {
            return plain(self.way(group, event));
        };
        let (status, letter) = match failure.stage {
            // One that only waits behind another has not failed.
            FailureStage::Parked if failure.attempts == 0 => (Status::Pending, None),
            FailureStage::Parked => (Status::Failed, None),
            FailureStage::DeadLetter { id, status: DeadLetterStatus::Handled } => (Status::Completed, Some(id)),
            FailureStage::DeadLetter { id, .. } => (Status::DeadLetter, Some(id)),
        };
        let (attempts, error, next_attempt) = (failure.attempts, failure.error.clone(), failure.due);
        GroupDelivery { attempts, error, next_attempt, letter, ..plain(status) }
    }

    /// Returns the state of an event that the group did not fail to handle.
    fn way(&self, group: Group, event: &WrittenEvent) -> Status {
        match self.carrier {
            None | Some(Carrier::Inline | Carrier::InlineRelayed) => Status::Completed,
            Some(Carrier::OwnLog) => {
                let number = i32::try_from(event.slot.shard).unwrap_or(i32::MAX);
                let key = OffsetKey { group, partition: Partition { topic: None, number } };
                let next = self.offsets.get(&key).copied().unwrap_or_default();
                if event.slot.seq < next { Status::Completed } else { Status::Pending }
            }
            Some(Carrier::Broker) if !self.is_published(event) => Status::Pending,
            Some(Carrier::Broker) => match self.behind.get(&group) {
                Some(first) if event.at >= *first => Status::Published,
                Some(_) | None => Status::Completed,
            },
        }
    }

    fn status(&self, event: &WrittenEvent, deliveries: &[GroupDelivery]) -> Status {
        let has = |status: Status| deliveries.iter().any(|delivery| delivery.status == status);
        if has(Status::DeadLetter) {
            return Status::DeadLetter;
        }
        if has(Status::Failed) {
            return Status::Failed;
        }
        if !self.is_published(event) {
            return Status::Pending;
        }
        let is_waiting = has(Status::Pending) || has(Status::Published);
        match (is_waiting, has(Status::Completed)) {
            (false, _) => Status::Completed,
            (true, true) => Status::InProgress,
            (true, false) if has(Status::Published) => Status::Published,
            (true, false) => Status::Pending,
        }
    }
}

/// Returns the moment of the first event that a group has not read in a partition; the earliest if it is not found among
/// the next records.
async fn first_waiting(book: &dyn LogInspector, standing: &Standing) -> Result<Timestamp, StoreError> {
    const RECORDS_MAX: i64 = 100;
    let from = standing.offset.max(standing.extent.begin);
    let passage = book.between(standing.key, from..standing.extent.end.min(from + RECORDS_MAX)).await?;
    Ok(passage.shown.first().map_or(Timestamp::from_micros(0), |passed| passed.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::OutboxSlot;

    fn event(kind: EventKind, seq: i64) -> WrittenEvent {
        WrittenEvent {
            position: 1,
            slot: OutboxSlot { shard: 3, seq },
            id: EventId(7),
            kind: kind.name().to_owned(),
            topic: String::new(),
            key: String::new(),
            order: None,
            version: None,
            cause: String::new(),
            trace: None,
            at: Timestamp::from_micros(100),
            payload: String::new(),
        }
    }

    fn offset(group: Group, next: i64) -> (OffsetKey, i64) {
        (OffsetKey { group, partition: Partition { topic: None, number: 3 } }, next)
    }

    fn failed(stage: FailureStage, attempts: i64) -> BTreeMap<(Group, u128), EventFailure> {
        let (group, event) = (Group::Notices, EventId(7));
        let failure = EventFailure { group, event, stage, attempts, error: Some("why".into()), due: None };
        BTreeMap::from([((group, event.0), failure)])
    }

    fn given_up(letters: &[(i64, DeadLetterStatus)]) -> Progress {
        let mut progress = Progress { carrier: Some(Carrier::Inline), ..Progress::default() };
        for (id, status) in letters {
            let stage = FailureStage::DeadLetter { id: DeadLetterId(*id), status: *status };
            let (group, event) = (Group::OrderNotifications, EventId(7));
            progress.note(EventFailure { group, event, stage, attempts: 4, error: None, due: None });
        }
        progress
    }

    #[track_caller]
    fn check(progress: &Progress, expected: Status) {
        assert_eq!(progress.fate(&event(EventKind::OrderCompleted, 5)).status, expected);
    }

    #[test]
    fn an_event_is_completed_when_every_group_has_handled_it() {
        let log = |offsets: &[(OffsetKey, i64)]| Progress {
            carrier: Some(Carrier::OwnLog),
            offsets: offsets.iter().copied().collect(),
            ..Progress::default()
        };
        check(&log(&[]), Status::Pending);
        check(&log(&[offset(Group::Notices, 6)]), Status::InProgress);
        check(&log(&[offset(Group::Notices, 6), offset(Group::Ranking, 5)]), Status::InProgress);
        check(&log(&[offset(Group::Notices, 6), offset(Group::Ranking, 6)]), Status::Completed);
        let unread = log(&[]).fate(&event(EventKind::PriceChanged, 5));
        assert_eq!((unread.status, unread.deliveries.len()), (Status::Completed, 0), "no group reads it");
        check(&Progress { carrier: Some(Carrier::Inline), ..Progress::default() }, Status::Completed);
    }

    #[test]
    fn an_event_is_published_when_the_relay_has_passed_it() {
        let broker = |relayed: i64, behind: &[(Group, i64)]| Progress {
            carrier: Some(Carrier::Broker),
            relayed: BTreeMap::from([(3, relayed)]),
            behind: behind.iter().map(|(group, at)| (*group, Timestamp::from_micros(*at))).collect(),
            ..Progress::default()
        };
        check(&broker(4, &[]), Status::Pending);
        check(&broker(5, &[(Group::Notices, 100), (Group::Ranking, 0)]), Status::Published);
        check(&broker(5, &[(Group::Notices, 100)]), Status::InProgress);
        check(&broker(5, &[(Group::Notices, 101)]), Status::Completed);
        check(&broker(5, &[]), Status::Completed);
    }

    #[test]
    fn a_notification_that_was_given_up_is_a_delivery() {
        use DeadLetterStatus::{Dropped, Handled, Scheduled};
        let told = |letters: &[(i64, DeadLetterStatus)]| {
            let fate = given_up(letters).fate(&event(EventKind::OrderCompleted, 5));
            let of_group = |delivery: &&GroupDelivery| delivery.group == Group::OrderNotifications;
            let letter = fate.deliveries.iter().find(of_group).and_then(|delivery| delivery.letter);
            (fate.status, letter.map(|letter| letter.0))
        };
        assert_eq!(told(&[]), (Status::Completed, None));
        assert_eq!(told(&[(1, Scheduled)]), (Status::DeadLetter, Some(1)));
        assert_eq!(told(&[(1, Handled)]), (Status::Completed, Some(1)));
        assert_eq!(told(&[(1, Handled), (2, Scheduled)]), (Status::DeadLetter, Some(2)), "given up again");
        assert_eq!(told(&[(1, Scheduled), (2, Handled)]), (Status::DeadLetter, Some(1)), "another channel");
        assert_eq!(told(&[(1, Dropped), (2, Handled)]), (Status::Completed, Some(2)));
        let other = WrittenEvent { id: EventId(8), ..event(EventKind::OrderCompleted, 5) };
        assert_eq!(given_up(&[(1, Scheduled)]).fate(&other).status, Status::Completed);
    }

    #[test]
    fn a_failure_takes_precedence() {
        let inline = |failures| Progress { carrier: Some(Carrier::Inline), failures, ..Progress::default() };
        check(&inline(failed(FailureStage::Parked, 2)), Status::Failed);
        check(&inline(failed(FailureStage::Parked, 0)), Status::InProgress);
        let letter = |status| FailureStage::DeadLetter { id: DeadLetterId(1), status };
        check(&inline(failed(letter(DeadLetterStatus::Scheduled), 3)), Status::DeadLetter);
        check(&inline(failed(letter(DeadLetterStatus::Dropped), 3)), Status::DeadLetter);
        check(&inline(failed(letter(DeadLetterStatus::Handled), 3)), Status::Completed);
    }
}
