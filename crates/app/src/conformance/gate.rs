//! The promises of every gate: it refuses on committed facts only, and lets everything through that it does not know.

use std::sync::Arc;

use domain::coupon::{Campaign, IssueMode, QueueKey, Rejection};
use domain::ids::{CampaignId, UserId};
use domain::money::Money;
use domain::pricing::Discount;
use domain::time::Timestamp;

use crate::ports::{BoxFuture, CampaignFacts, EarlyRefusal, Gate};

/// A gate under test, and the store beside it.
pub trait GateFixture {
    fn gate(&self) -> &dyn Gate;

    /// Sets the store's state of a campaign.
    fn commit(&mut self, campaign: &Campaign);

    /// Waits until the gate has applied all updates.
    fn told(&mut self) -> BoxFuture<'_, ()>;
}

pub type GateCase = for<'a> fn(&'a mut dyn GateFixture) -> BoxFuture<'a, ()>;

macro_rules! gate_cases {
    ($($case:ident,)*) => {
        /// Every case by name, each for an empty gate; a case panics when its promise is broken.
        pub const GATE_CASES: &[(&str, GateCase)] =
            &[$((stringify!($case), |fixture| Box::pin($case(fixture))),)*];
    };
}

gate_cases! {
    nothing_is_refused_of_an_unknown_campaign,
    the_last_coupon_closes_the_gate_and_a_raised_quantity_opens_it,
    a_holder_at_the_limit_gets_that_refusal_even_when_sold_out,
    a_holder_below_the_limit_is_refused_as_sold_out,
    an_unknown_user_is_let_through_until_all_holders_are_known,
    a_repeated_update_changes_nothing,
    a_user_without_coupons_is_known_for_sure,
    a_paused_campaign_is_refused_as_paused_first,
    a_queued_campaign_takes_every_request,
    a_forgotten_campaign_is_read_from_the_store,
}

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const CAT: UserId = UserId(3);
/// Far from the present on either side: a gate may expire ended campaigns by its own clock.
const STARTS: Timestamp = Timestamp::from_micros(1_600_000_000_000_000);
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const ENDS: Timestamp = Timestamp::from_micros(4_000_000_000_000_000);

fn campaign(quantity: i64, issued: i64) -> Campaign {
    Campaign {
        id: CampaignId(1),
        name: "drop".into(),
        discount: Discount::Fixed { value: Money::won(1_000) },
        quantity,
        issued,
        issue_per_user_max: 1,
        issue_starts_at: STARTS,
        issue_ends_at: ENDS,
        valid_until: ENDS,
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
        paused: false,
        created_at: STARTS,
        updated_at: STARTS,
    }
}

/// Commits a campaign and sends the gate its update.
async fn tell(fixture: &mut dyn GateFixture, campaign: Campaign, holders: &[(UserId, i64)], complete: bool) {
    fixture.commit(&campaign);
    fixture.gate().apply(CampaignFacts { campaign: &Arc::new(campaign), holders, complete });
    fixture.told().await;
}

async fn early(fixture: &dyn GateFixture, user: UserId) -> Option<EarlyRefusal> {
    fixture.gate().advice(CampaignId(1), user, NOW).get().await
}

async fn check(fixture: &dyn GateFixture, user: UserId, expected: Option<Rejection>) {
    let said = early(fixture, user).await.map(|early| early.rejection);
    assert_eq!(said, expected, "user {}", user.0);
}

async fn nothing_is_refused_of_an_unknown_campaign(fixture: &mut dyn GateFixture) {
    fixture.commit(&campaign(1, 1));
    check(fixture, ANN, None).await;
}

async fn the_last_coupon_closes_the_gate_and_a_raised_quantity_opens_it(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(1, 0), &[], true).await;
    check(fixture, BOB, None).await;
    tell(fixture, campaign(1, 1), &[(ANN, 1)], false).await;
    check(fixture, BOB, Some(Rejection::SoldOut)).await;
    tell(fixture, campaign(2, 1), &[], false).await;
    check(fixture, BOB, None).await;
    check(fixture, ANN, Some(Rejection::AlreadyIssued)).await;
}

async fn a_holder_at_the_limit_gets_that_refusal_even_when_sold_out(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(1, 1), &[(ANN, 1)], true).await;
    check(fixture, ANN, Some(Rejection::AlreadyIssued)).await;
    check(fixture, BOB, Some(Rejection::SoldOut)).await;
}

async fn a_holder_below_the_limit_is_refused_as_sold_out(fixture: &mut dyn GateFixture) {
    let two_each = Campaign { issue_per_user_max: 2, ..campaign(3, 3) };
    tell(fixture, two_each, &[(ANN, 1), (BOB, 2)], true).await;
    check(fixture, ANN, Some(Rejection::SoldOut)).await;
    check(fixture, BOB, Some(Rejection::AlreadyIssued)).await;
}

async fn an_unknown_user_is_let_through_until_all_holders_are_known(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(2, 2), &[(ANN, 1)], false).await;
    check(fixture, ANN, Some(Rejection::AlreadyIssued)).await;
    check(fixture, BOB, None).await;
    tell(fixture, campaign(2, 2), &[(ANN, 1), (CAT, 1)], true).await;
    assert!(fixture.gate().is_complete(CampaignId(1)));
    check(fixture, BOB, Some(Rejection::SoldOut)).await;
}

async fn a_repeated_update_changes_nothing(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(2, 0), &[], true).await;
    for _time in 0..3 {
        tell(fixture, campaign(2, 1), &[(ANN, 1)], false).await;
    }
    check(fixture, BOB, None).await;
    tell(fixture, campaign(2, 2), &[(BOB, 1)], false).await;
    check(fixture, CAT, Some(Rejection::SoldOut)).await;
}

async fn a_user_without_coupons_is_known_for_sure(fixture: &mut dyn GateFixture) {
    let two_each = Campaign { issue_per_user_max: 2, ..campaign(2, 2) };
    tell(fixture, two_each, &[(ANN, 1), (BOB, 1)], true).await;
    let holds_none = async |user| early(fixture, user).await.map(|early| early.holds_none);
    assert_eq!(holds_none(ANN).await, Some(false));
    assert_eq!(holds_none(CAT).await, Some(true));
}

async fn a_paused_campaign_is_refused_as_paused_first(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(1, 1), &[(ANN, 1)], true).await;
    tell(fixture, Campaign { paused: true, ..campaign(1, 1) }, &[], false).await;
    check(fixture, ANN, Some(Rejection::Paused)).await;
    check(fixture, BOB, Some(Rejection::Paused)).await;
}

async fn a_queued_campaign_takes_every_request(fixture: &mut dyn GateFixture) {
    for issue_mode in [IssueMode::Queued, IssueMode::Stream] {
        tell(fixture, Campaign { issue_mode, ..campaign(1, 1) }, &[(ANN, 1)], true).await;
        check(fixture, ANN, None).await;
        check(fixture, BOB, None).await;
    }
}

/// The outcome of a commit that raised the quantity is unknown; it did happen.
async fn a_forgotten_campaign_is_read_from_the_store(fixture: &mut dyn GateFixture) {
    tell(fixture, campaign(1, 1), &[(ANN, 1)], true).await;
    check(fixture, BOB, Some(Rejection::SoldOut)).await;
    fixture.commit(&campaign(2, 1));
    fixture.gate().forget(CampaignId(1));
    check(fixture, BOB, None).await;
}
