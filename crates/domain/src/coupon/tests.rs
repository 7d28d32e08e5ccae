use proptest::prelude::*;

use crate::coupon::*;
use crate::money::Money;

const ANN: UserId = UserId(1);
const DROP: CampaignId = CampaignId(7);
const ORDER: OrderId = OrderId(5);
const OTHER_ORDER: OrderId = OrderId(6);
const OPENS: Timestamp = Timestamp::from_micros(100);
const NOON: Timestamp = Timestamp::from_micros(200);
const CLOSES: Timestamp = Timestamp::from_micros(300);
const EXPIRES: Timestamp = Timestamp::from_micros(400);

fn campaign(quantity: i64) -> Campaign {
    Campaign {
        id: DROP,
        name: "Drop".into(),
        discount: Discount::Fixed { value: Money::won(1_000) },
        quantity,
        issued: 0,
        issue_per_user_max: 1,
        issue_starts_at: OPENS,
        issue_ends_at: CLOSES,
        valid_until: EXPIRES,
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
        paused: false,
        created_at: OPENS,
        updated_at: OPENS,
    }
}

fn issue(id: i64) -> Command {
    Command::Issue { id: CouponId(id), code: Code::from("UC-1") }
}

fn use_on(order: OrderId) -> Command {
    Command::Use { coupon: None, order }
}

/// A campaign and Ann's coupons of it after some commands, each of which must succeed.
#[track_caller]
fn after(mut campaign: Campaign, commands: &[Command]) -> (Campaign, Holding) {
    let mut holding = Holding::empty(DROP, ANN);
    for command in commands {
        let event = decide(&campaign, &holding, command, NOON).unwrap();
        evolve(&mut campaign, &mut holding, &event);
    }
    (campaign, holding)
}

#[track_caller]
fn check_refused((campaign, holding): &(Campaign, Holding), at: Timestamp, then: Rejection) {
    assert_eq!(decide(campaign, holding, &issue(99), at), Err(then));
}

/// C-05, C-06: each campaign has every later reason to refuse as well; the first one is reported.
#[test]
fn refusals_have_one_order_of_precedence() {
    let (mut closed, holding) = after(campaign(1), &[issue(1)]);
    closed.paused = true;
    check_refused(&(closed.clone(), holding.clone()), EXPIRES, Rejection::Paused);
    closed.paused = false;
    closed.issue_starts_at = CLOSES;
    closed.issue_ends_at = OPENS;
    check_refused(&(closed.clone(), holding.clone()), NOON, Rejection::NotStarted);
    closed.issue_starts_at = OPENS;
    check_refused(&(closed.clone(), holding.clone()), NOON, Rejection::Expired);
    closed.issue_ends_at = CLOSES;
    check_refused(&(closed.clone(), holding), NOON, Rejection::AlreadyIssued);
    check_refused(&(closed, Holding::empty(DROP, UserId(2))), NOON, Rejection::SoldOut);
}

#[test]
fn the_window_includes_its_first_moment_and_not_its_last() {
    let open = (campaign(1), Holding::empty(DROP, ANN));
    check_refused(&open, Timestamp::from_micros(OPENS.micros() - 1), Rejection::NotStarted);
    assert!(decide(&open.0, &open.1, &issue(1), OPENS).is_ok());
    assert!(decide(&open.0, &open.1, &issue(1), Timestamp::from_micros(CLOSES.micros() - 1)).is_ok());
    check_refused(&open, CLOSES, Rejection::Expired);
}

#[test]
fn a_coupon_that_expires_before_the_window_closes_is_not_issued_any_more() {
    let mut campaign = campaign(1);
    campaign.valid_until = NOON;
    check_refused(&(campaign, Holding::empty(DROP, ANN)), NOON, Rejection::Expired);
}

#[test]
fn a_user_gets_as_many_as_the_campaign_allows_and_no_more() {
    let mut three = campaign(10);
    three.issue_per_user_max = 3;
    check_refused(&after(three, &[issue(1), issue(2), issue(3)]), NOON, Rejection::AlreadyIssued);
}

/// T4: neither using a coupon nor restoring it lets the user get another one.
#[test]
fn a_used_coupon_still_counts_against_the_user() {
    let used = after(campaign(10), &[issue(1), use_on(ORDER)]);
    check_refused(&used, NOON, Rejection::AlreadyIssued);
    let restored = after(campaign(10), &[issue(1), use_on(ORDER), Command::Restore { order: ORDER }]);
    check_refused(&restored, NOON, Rejection::AlreadyIssued);
}

/// C-21.
#[test]
fn the_oldest_active_coupon_pays() {
    let mut two = campaign(10);
    two.issue_per_user_max = 2;
    let (two, holding) = after(two, &[issue(1), issue(2), use_on(ORDER)]);
    assert_eq!(holding.coupons[0].used_order, Some(ORDER));
    let next = decide(&two, &holding, &use_on(OTHER_ORDER), NOON);
    assert_eq!(next, Ok(Event::Used { id: CouponId(2), order: OTHER_ORDER }));
}

#[test]
fn a_named_coupon_must_be_active_and_the_users_own() {
    let (drop, holding) = after(campaign(10), &[issue(1), use_on(ORDER)]);
    for wanted in [CouponId(1), CouponId(44)] {
        let command = Command::Use { coupon: Some(wanted), order: OTHER_ORDER };
        assert_eq!(decide(&drop, &holding, &command, NOON), Err(Rejection::NotUsable));
    }
}

#[test]
fn a_coupon_pays_until_it_expires_even_when_the_campaign_is_paused_or_over() {
    let (mut drop, holding) = after(campaign(1), &[issue(1)]);
    drop.paused = true;
    assert!(decide(&drop, &holding, &use_on(ORDER), Timestamp::from_micros(EXPIRES.micros() - 1)).is_ok());
    assert_eq!(decide(&drop, &holding, &use_on(ORDER), EXPIRES), Err(Rejection::NotUsable));
}

/// C-32.
#[test]
fn a_restored_coupon_is_usable_again_exactly_once() {
    let (drop, holding) = after(campaign(1), &[issue(1), use_on(ORDER), Command::Restore { order: ORDER }]);
    let (drop, holding) = {
        let event = decide(&drop, &holding, &use_on(OTHER_ORDER), NOON).unwrap();
        let (mut drop, mut holding) = (drop, holding);
        evolve(&mut drop, &mut holding, &event);
        (drop, holding)
    };
    assert_eq!(decide(&drop, &holding, &use_on(ORDER), NOON), Err(Rejection::NotUsable));
}

#[test]
fn raising_the_quantity_reopens_a_campaign_that_was_sold_out() {
    let (sold_out, _) = after(campaign(1), &[issue(1)]);
    let raise = Change { quantity: Some(2), ..Change::default() };
    let raised = change(&sold_out, &raise, NOON).unwrap();
    let issued = decide(&raised, &Holding::empty(DROP, UserId(2)), &issue(2), NOON);
    assert!(matches!(issued, Ok(Event::Issued { issue_number: 2, .. })));
}

#[track_caller]
fn check_change(wanted: Change, then: Result<(), ChangeRejection>) {
    let before = campaign(5);
    let answer = change(&before, &wanted, NOON);
    assert_eq!(answer.map(|_| ()), then);
}

#[test]
fn a_promised_quantity_is_never_lowered() {
    let lowered = Change { quantity: Some(4), ..Change::default() };
    check_change(lowered, Err(ChangeRejection::QuantityLowered { quantity: 5 }));
}

#[test]
fn the_window_may_move_between_its_start_and_the_expiry_of_the_coupons() {
    let ends = |at: i64| Change { issue_ends_at: Some(Timestamp::from_micros(at)), ..Change::default() };
    check_change(ends(OPENS.micros() + 1), Ok(()));
    check_change(ends(EXPIRES.micros()), Ok(()));
    check_change(ends(OPENS.micros()), Err(ChangeRejection::WindowOutOfOrder));
    check_change(ends(EXPIRES.micros() + 1), Err(ChangeRejection::WindowOutOfOrder));
}

#[test]
fn a_refused_change_changes_nothing_else_either() {
    let wanted = Change { paused: Some(true), quantity: Some(1), issue_ends_at: None };
    check_change(wanted, Err(ChangeRejection::QuantityLowered { quantity: 5 }));
}

#[test]
fn a_change_to_what_is_so_already_leaves_no_trace() {
    let before = campaign(5);
    let same = Change { paused: Some(false), quantity: Some(5), issue_ends_at: Some(CLOSES) };
    assert_eq!(change(&before, &same, NOON), Ok(before));
}

proptest! {
    /// C-07: numbers run from 1 in decision order, and stop at the quantity.
    #[test]
    fn issue_numbers_have_no_gap_and_no_repeat(
        quantity in 0..12_i64,
        per_user in 1..4_i64,
        users in prop::collection::vec(0..6_i64, 0..60),
    ) {
        let mut drop = campaign(quantity);
        drop.issue_per_user_max = per_user;
        let mut holdings: Vec<Holding> = (0..6).map(|user| Holding::empty(DROP, UserId(user))).collect();
        let mut numbers = vec![];
        for (id, user) in users.iter().enumerate() {
            let holding = &mut holdings[*user as usize];
            let held = holding.count();
            match decide(&drop, holding, &issue(id as i64), NOON) {
                Ok(event) => {
                    evolve(&mut drop, holding, &event);
                    numbers.extend(holding.coupons.last().map(|coupon| coupon.issue_number));
                }
                Err(Rejection::AlreadyIssued) => prop_assert_eq!(held, per_user),
                Err(rejection) => {
                    prop_assert_eq!(rejection, Rejection::SoldOut);
                    prop_assert_eq!(drop.issued, quantity);
                }
            }
        }
        let count = numbers.len() as i64;
        prop_assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        prop_assert_eq!(drop.issued, holdings.iter().map(Holding::count).sum::<i64>());
        prop_assert!(count <= quantity);
    }

    /// A coupon pays for at most one order at a time, whatever is used and restored.
    #[test]
    fn one_coupon_pays_for_one_order(orders in prop::collection::vec((0..4_i64, any::<bool>()), 0..40)) {
        let mut two = campaign(10);
        two.issue_per_user_max = 2;
        let (mut drop, mut holding) = after(two, &[issue(1), issue(2)]);
        let mut paid: Vec<OrderId> = vec![];
        for (order, is_restored) in orders {
            let order = OrderId(order);
            // Claims ensure that an order asks once and only restores what it holds.
            if is_restored != paid.contains(&order) {
                continue;
            }
            let command = if is_restored { Command::Restore { order } } else { use_on(order) };
            match decide(&drop, &holding, &command, NOON) {
                Ok(event) => {
                    evolve(&mut drop, &mut holding, &event);
                    if is_restored { paid.retain(|paid| *paid != order) } else { paid.push(order) }
                }
                Err(_) => prop_assert_eq!(paid.len(), 2),
            }
            let used: Vec<_> = holding.coupons.iter().filter_map(|coupon| coupon.used_order).collect();
            prop_assert_eq!(used.len(), paid.len());
            prop_assert!(paid.iter().all(|order| used.contains(order)));
        }
    }
}
