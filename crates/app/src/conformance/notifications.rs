//! Settings of notifications, and what is on its way, are read as they were written.

use std::time::Duration;

use domain::ids::UserId;
use domain::notification::{Channel, Choice, Language, Next, Notification, NotificationKey, Settings};
use domain::webhook::Slot;

use super::Fixture;
use super::session::{NOON, Session};
use crate::state::rows::{Key, NotificationSettingsKey};

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn settings_survive_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut settings = Settings::none(UserId(7), Language::Korean);
    let mut rows = vec![settings.clone()];
    let whole = Choice {
        phone: Some("+821012345678".into()),
        push_token: Some("it's a \"token\" 토큰".into()),
        language: Language::English,
        channels: Channel::ALL.to_vec(),
    };
    let one = Choice { phone: None, channels: vec![Channel::Push], ..whole.clone() };
    for (choice, at) in [(whole, NOON), (one, NOON + SECOND)] {
        settings.choose(&choice, at);
        rows.push(settings.clone());
    }
    survives!(session, notification_settings, NotificationSettingsKey(UserId(7)), rows);
}

pub(super) async fn a_notification_survives_until_it_is_sent(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = NotificationKey { event: u128::MAX / 7, channel: Channel::Sms };
    let slot = Slot { shard: 3, seq: 4_000_000_000 };
    let mut notification = Notification::new(key, UserId(7), slot, NOON);
    let other = NotificationKey { channel: Channel::Email, ..key };
    let beside = Notification::new(other, UserId(7), slot, NOON);
    session.change(&[other.into()], |rows| rows.notifications.put(other, beside.clone())).await;
    let mut rows = vec![notification.clone()];
    for (attempt, next) in [(1, Next::Again { at: NOON + SECOND }), (2, Next::Dead)] {
        notification.take(NOON + SECOND, NOON + 2 * SECOND);
        rows.push(notification.clone());
        assert!(notification.fail(attempt, "it's \"gone\" 안녕".into(), next));
        rows.push(notification.clone());
    }
    survives!(session, notifications, key, rows);
    session.change(&[key.into()], |rows| rows.notifications.remove(key)).await;
    let found = session.load(&[key.into(), other.into()]).await;
    assert_eq!(found.notifications.get(key), Ok(None));
    assert_eq!(found.notifications.get(other), Ok(Some(&beside)));
}
