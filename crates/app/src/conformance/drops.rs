//! Drops and their customers are read as they were written, and drops come due when they turn.

use std::time::Duration;

use domain::drops::{Buyer, Card, CardHash, Change, Claim, Drop, Offer, Prequeue, Secrets, Terms, WaitingRoom};
use domain::ids::{DropId, OrderId, ProductId, UserId};

use super::Fixture;
use super::session::{NOON, Session};
use crate::ports::DueTimer;
use crate::state::rows::{BuyerKey, CardKey, Key};

const HOUR: Duration = Duration::from_secs(3_600);

fn drop_of(id: i64) -> Drop {
    let (lamp, desk) = (ProductId(1), ProductId(2));
    let products = vec![Offer { product: lamp, per_customer: Some(2) }, Offer { product: desk, per_customer: None }];
    let (starts_at, ends_at) = (NOON + HOUR, NOON + 2 * HOUR);
    let waiting_room =
        (id == 1).then_some(WaitingRoom { admit_per_second: 7, hold_seconds: 300, prequeue: Prequeue::Shuffle });
    let secrets = Secrets { seed: [3; 32], key: [4; 32] };
    let terms = Terms {
        name: "it's 토요일 \\ \"1\"".into(),
        starts_at,
        ends_at,
        products,
        per_customer: Some(3),
        per_payment_method: None,
        waiting_room,
        secrets,
    };
    Drop::new(DropId(id), &terms, vec![desk], NOON)
}

pub(super) async fn a_drop_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let first = drop_of(1);
    let change = Change { paused: Some(true), ends_at: Some(NOON + 3 * HOUR), ..Change::default() };
    let second = first.change(change, NOON + HOUR).expect("the drop has not ended");
    let mut third = second.clone();
    let joined = third.join(&Buyer::new(first.id, UserId(7)), NOON).expect("it has not ended").expect("it is new");
    assert_eq!(joined.ticket, Some(1));
    let mut fourth = third.clone();
    assert_eq!(fourth.turn(100, NOON + 4 * HOUR).len(), 2);
    survives!(session, drops, first.id, [first, second, third, fourth]);
}

pub(super) async fn a_customer_of_a_drop_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let drop = drop_of(2);
    for user in 1..=9 {
        let key = BuyerKey { drop: drop.id, user: UserId(user) };
        let none = Buyer::new(key.drop, key.user);
        let claim = Claim { lines: &[(ProductId(1), 2), (ProductId(2), 1)], shows_ticket: false, is_prepaid: true };
        let some = drop.claim(&none, &claim, NOON + HOUR).expect("the limits allow it");
        let some = Buyer { ticket: Some(user), ..some };
        let fewer = some.without(&[(ProductId(1), 1)]).expect("it has one");
        let paid = some.paying(OrderId(user), Some(CardHash([250; 16])));
        survives!(session, buyers, key, [none, some, paid, fewer]);
        let elsewhere = BuyerKey { drop: DropId(3), ..key };
        assert_eq!(session.look(&[elsewhere.into()]).await.buyers.get(elsewhere), Ok(None));
    }
}

pub(super) async fn a_card_of_a_drop_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for byte in [0, 39, 92, 128, 255] {
        let key = CardKey { drop: DropId(2), hash: CardHash([byte; 16]) };
        let card = Card::new(key.drop, key.hash);
        let some = card.with(2, 2).expect("the limit allows it");
        let fewer = some.without(1).expect("it has two");
        survives!(session, cards, key, [card, some, fewer]);
        let elsewhere = CardKey { drop: DropId(3), ..key };
        assert_eq!(session.look(&[elsewhere.into()]).await.cards.get(elsewhere), Ok(None));
    }
}

pub(super) async fn drops_come_due_when_they_turn(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let keys = [3, 2].map(|id| Key::from(DropId(id)));
    let (first, mut second) = (drop_of(3), drop_of(2));
    second.turn(100, NOON + HOUR);
    session
        .change(&keys, |rows| {
            rows.drops.put(first.id, first.clone());
            rows.drops.put(second.id, second.clone());
        })
        .await;
    let due = |id| DueTimer::Drop { drop: DropId(id) };
    assert_eq!(session.store().due_timers(NOON, 9).await, Ok(vec![]));
    assert_eq!(session.store().due_timers(NOON + HOUR, 9).await, Ok(vec![due(3)]));
    assert_eq!(session.store().due_timers(NOON + 2 * HOUR, 9).await, Ok(vec![due(3), due(2)]));
    second.turn(100, NOON + 2 * HOUR);
    session.change(&keys, |rows| rows.drops.put(second.id, second.clone())).await;
    assert_eq!(session.store().due_timers(NOON + 2 * HOUR, 9).await, Ok(vec![due(3)]));
}
