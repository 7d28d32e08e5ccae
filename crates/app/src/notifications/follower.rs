//! The trailing groups of notifications: they schedule one for each event and each channel that its user has chosen.

use std::sync::Arc;

use domain::ids::UserId;
use domain::notification::{Channel, Notification, NotificationKey, Settings};
use domain::webhook::Slot;

use crate::events::event::EventKind;
use crate::events::notices::content;
use crate::log::group::Group;
use crate::log::trailing::{Effect, Follower, NotFollowed};
use crate::ports::views::Views;
use crate::ports::{BoxFuture, Delivery, StoreError};

/// Events in one slice: each may become a row for each channel.
const SLICE_MAX: usize = 500;

/// The events about coupons that a user can be notified of.
pub const COUPON_KINDS: &[EventKind] = &[EventKind::CouponIssued];
/// The events about orders, their payments and shipments.
pub const ORDER_KINDS: &[EventKind] = &[
    EventKind::OrderAwaitingPayment,
    EventKind::OrderCompleted,
    EventKind::OrderCancelled,
    EventKind::OrderStatusChanged,
    EventKind::OrderReturned,
    EventKind::OrderRefundRejected,
    EventKind::OrderProcessingFailed,
    EventKind::PaymentFailed,
    EventKind::PaymentStuck,
    EventKind::CompensationStuck,
];

/// Returns the group that notifies of events of a kind.
pub fn group_of(kind: EventKind) -> Group {
    if COUPON_KINDS.contains(&kind) { Group::CouponNotifications } else { Group::OrderNotifications }
}

pub struct NotificationFollower {
    views: Arc<dyn Views>,
    group: Group,
    all: &'static [EventKind],
    /// Empty while no user has chosen a channel: then no event is read.
    kinds: &'static [EventKind],
}

impl NotificationFollower {
    pub fn of_coupons(views: Arc<dyn Views>) -> NotificationFollower {
        NotificationFollower { views, group: Group::CouponNotifications, all: COUPON_KINDS, kinds: &[] }
    }

    pub fn of_orders(views: Arc<dyn Views>) -> NotificationFollower {
        NotificationFollower { views, group: Group::OrderNotifications, all: ORDER_KINDS, kinds: &[] }
    }

    async fn read_wanted(&mut self) -> Result<bool, StoreError> {
        let kinds = if self.views.is_anybody_notified().await? { self.all } else { &[] };
        let is_changed = kinds.len() != self.kinds.len();
        self.kinds = kinds;
        Ok(is_changed)
    }

    async fn schedule(&mut self, slice: &[Delivery]) -> Result<Option<Effect>, StoreError> {
        let news = slice.iter().filter_map(|delivery| {
            let content = content::of_event(delivery.event.as_ref().ok()?)?;
            Some((delivery, content.user))
        });
        let news: Vec<(&Delivery, UserId)> = news.collect();
        let mut users: Vec<UserId> = news.iter().map(|(_, user)| *user).collect();
        users.sort_unstable();
        users.dedup();
        if users.is_empty() {
            return Ok(None);
        }
        let settings = self.views.notified(users).await?;
        let of_user = |user: UserId| settings.iter().find(|settings| settings.user == user);
        let wanted = news.into_iter().filter_map(|(delivery, user)| Some((delivery, of_user(user)?)));
        let scheduled: Vec<Notification> = wanted.flat_map(|(delivery, settings)| of(delivery, settings)).collect();
        Ok((!scheduled.is_empty()).then_some(Effect::Notifications(scheduled)))
    }
}

fn of<'a>(delivery: &'a Delivery, settings: &'a Settings) -> impl Iterator<Item = Notification> + 'a {
    let slot = Slot { shard: i64::from(delivery.partition.number), seq: delivery.offset };
    let wanted = Channel::ALL.into_iter().filter(|channel| settings.wants(*channel, delivery.at));
    wanted.map(move |channel| {
        let key = NotificationKey { event: delivery.id.0, channel };
        Notification::new(key, settings.user, slot, delivery.at)
    })
}

impl Follower for NotificationFollower {
    fn group(&self) -> Group {
        self.group
    }

    fn kinds(&self) -> &[EventKind] {
        self.kinds
    }

    fn slice_max(&self) -> usize {
        SLICE_MAX
    }

    fn refresh(&mut self) -> BoxFuture<'_, Result<bool, NotFollowed>> {
        Box::pin(async move { Ok(self.read_wanted().await?) })
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move { Ok(self.schedule(slice).await?) })
    }
}
