//! Webhook endpoints, deliveries and alerts are read as they were written, in every state that their commands can reach.

use std::time::Duration;

use domain::alert::{Alert, Code, Measure, Severity};
use domain::ids::{AlertId, WebhookId};
use domain::webhook::{Attempt, Change, Delivery, DeliveryKey, Endpoint, Failing, Next, Slot, State, Term};

use super::Fixture;
use super::session::{NOON, Session};
use crate::ports::CommitError;
use crate::state::rows::{AlertKey, Key, Rows};

const SECOND: Duration = Duration::from_secs(1);

fn endpoint(id: i64) -> Endpoint {
    let (url, secret) = ("https://example.com/후크?a='b'".into(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
    Endpoint {
        description: "it's \"theirs\"".into(),
        event_types: vec!["order.completed".into(), "product.sold_out".into()],
        ordered: true,
        terms: vec![Term { from: NOON, event_types: Some(vec!["order.completed".into()]) }],
        ..Endpoint::new(WebhookId(id), url, secret, NOON)
    }
}

fn delivery(webhook: i64, number: i64) -> Delivery {
    Delivery {
        key: DeliveryKey { webhook: WebhookId(webhook), number },
        event: u128::MAX / 7 + number.unsigned_abs() as u128,
        event_type: "order.completed".into(),
        order_key: Some("42".into()),
        slot: Some(Slot { shard: 3, seq: 4_000_000_000 }),
        payload: None,
        state: State::Pending,
        tries: 0,
        attempts: 0,
        due: Some(NOON),
        last_status: None,
        created_at: NOON,
        log: vec![],
    }
}

pub(super) async fn an_endpoint_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = vec![endpoint(1)];
    let mut later = |change: &mut dyn FnMut(&mut Endpoint)| {
        let mut next = rows[rows.len() - 1].clone();
        change(&mut next);
        rows.push(next);
    };
    later(&mut |endpoint| endpoint.rotate("whsec_bmV3".into(), NOON + SECOND));
    later(&mut |endpoint| assert_ne!(endpoint.note_failure(false, SECOND, NOON + SECOND), Failing::Known));
    later(&mut |endpoint| assert_ne!(endpoint.note_failure(false, SECOND, NOON + 2 * SECOND), Failing::Known));
    let change = Change { is_enabled: Some(true), rate_per_second: Some(Some(7)), ..Change::default() };
    later(&mut |endpoint| endpoint.change(&change, NOON + 3 * SECOND));
    later(&mut |endpoint| endpoint.deliveries = 9);
    later(&mut |endpoint| endpoint.remove(NOON + 4 * SECOND));
    survives!(session, webhooks, WebhookId(1), rows);
}

pub(super) async fn a_delivery_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut first = delivery(1, 1);
    let mut rows = vec![first.clone()];
    let failed = |status| Attempt {
        at: NOON,
        response_status: status,
        response_body: Some("'\\ 안녕".into()),
        error: Some("it's \"gone\"".into()),
        duration_ms: 12,
    };
    for (attempt, next) in [(1, Next::Again { at: NOON + SECOND }), (2, Next::Dead), (3, Next::Done)] {
        if attempt == 3 {
            assert!(first.schedule(NOON + 2 * SECOND));
            rows.push(first.clone());
        }
        first.take(NOON + 2 * SECOND, NOON + 30 * SECOND);
        rows.push(first.clone());
        assert!(first.conclude(attempt, failed(Some(500)), next));
        rows.push(first.clone());
    }
    survives!(session, deliveries, DeliveryKey { webhook: WebhookId(1), number: 1 }, rows);
    let test = Delivery { slot: None, order_key: None, payload: Some("{\"a\":1}".into()), ..delivery(2, 1) };
    survives!(session, deliveries, DeliveryKey { webhook: WebhookId(2), number: 1 }, [test]);
}

pub(super) async fn an_endpoint_gets_an_event_once(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let first = delivery(1, 1);
    let keys: Vec<Key> = (1..=2).map(|number| DeliveryKey { number, ..first.key }.into()).collect();
    session.change(&keys, |rows| rows.deliveries.put(first.key, first.clone())).await;
    let second = Delivery { key: DeliveryKey { number: 2, ..first.key }, ..first.clone() };
    let mut rows = session.load(&keys).await;
    rows.deliveries.put(second.key, second.clone());
    let refused = session.try_commit(&rows, &[]).await;
    assert!(matches!(refused, Err(CommitError::Constraint(_))), "{refused:?}");
    let other = Delivery { key: DeliveryKey { webhook: WebhookId(2), number: 1 }, ..first };
    session.change(&[other.key.into()], |rows| rows.deliveries.put(other.key, other.clone())).await;
}

fn alert(id: i64) -> Alert {
    Alert {
        id: AlertId(id),
        code: Code::BreakerOpen,
        scope: "payment".into(),
        subject: "it's \"payment\"".into(),
        severity: Severity::Warning,
        value: Measure::of(1.25),
        threshold: Measure::whole(0),
        since: NOON,
        cleared_at: None,
        reporter: Some(7),
        reported_until: Some(NOON + SECOND),
        next_try: None,
    }
}

pub(super) async fn an_alert_survives_until_it_is_cleared(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = AlertKey::of(&alert(1));
    let renewed = Alert { reporter: None, reported_until: None, next_try: Some(NOON + SECOND), ..alert(1) };
    survives!(session, alerts, key, [alert(1), renewed.clone()]);
    let cleared = Alert { cleared_at: Some(NOON + 2 * SECOND), ..renewed };
    session.change(&[key.into()], |rows| rows.alerts.put(key, cleared)).await;
    let rows = session.look(&[key.into()]).await;
    assert_eq!(rows.alerts.get(key), Ok(None), "a cleared alert is in nobody's way");
    session.change(&[key.into()], |rows| rows.alerts.put(key, alert(2))).await;
    let rows = session.look(&[key.into()]).await;
    assert_eq!(rows.alerts.get(key), Ok(Some(&alert(2))));
}

pub(super) async fn one_alert_of_a_scope_is_open(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = AlertKey::of(&alert(1));
    session.change(&[key.into()], |rows| rows.alerts.put(key, alert(1))).await;
    // As if it had been read before the other commit.
    let mut rows = Rows::default();
    rows.alerts.loaded(key, None);
    rows.alerts.put(key, alert(2));
    let refused = session.try_commit(&rows, &[]).await;
    assert!(matches!(refused, Err(CommitError::Constraint(_))), "{refused:?}");
    let other = Alert { scope: "stock".into(), ..alert(3) };
    let key = AlertKey::of(&other);
    session.change(&[key.into()], |rows| rows.alerts.put(key, other)).await;
}
