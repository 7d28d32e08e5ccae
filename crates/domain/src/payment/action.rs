//! An action of the customer at the provider, such as 3-D Secure. It has a deadline of its own, during which the order does
//! not expire. The provider is queried meanwhile, because a callback may be lost.

use std::sync::Arc;

use super::event::Event;
use super::method::Action;
use super::next::{Next, NextCall, pause};
use super::state::{Payment, State};
use crate::time::Timestamp;

/// The refusal code of an attempt whose customer did not act at the provider in time.
pub const ACTION_EXPIRED: &str = "action.expired";

/// The provider waits for the customer, first or still.
pub(super) fn required(payment: &Payment, reference: &Arc<str>, action: &Arc<Action>, at: Timestamp) -> Vec<Event> {
    let Some(pending) = &payment.action else {
        let required = Event::ActionRequired { reference: Arc::clone(reference), action: Arc::clone(action) };
        // Without an order that wants the money, the provider must not wait for the customer.
        return if payment.is_wanted { vec![required] } else { vec![required, Event::VoidRequested] };
    };
    if at >= pending.until {
        // After the void the customer cannot approve the attempt any more, and may begin another one.
        return vec![Event::Declined { code: ACTION_EXPIRED.into() }, Event::VoidRequested];
    }
    vec![payment.postponed(NextCall::Query, at)]
}

/// The customer is back from the provider.
pub(super) fn returned(payment: &Payment, at: Timestamp) -> Vec<Event> {
    if payment.requires_action() { vec![Event::Resumed { due: at }] } else { vec![] }
}

pub(super) fn wait(payment: &mut Payment, reference: &Arc<str>, action: &Arc<Action>, at: Timestamp) {
    payment.reference = Some(Arc::clone(reference));
    let due = (at + pause(0)).min(action.until);
    payment.become_state(State::RequiresAction, Some(Next { way: NextCall::Query, due: Some(due), tries: 0 }));
    payment.action = Some(Arc::clone(action));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrderId;
    use crate::money::Money;
    use crate::payment::{Command, Means, Method, Operation, ProviderResult, decide, evolve};

    const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);
    const WON: Money = Money::won(900);

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_micros(NOON.micros() + seconds * 1_000_000)
    }

    fn act(payment: &mut Option<Payment>, command: &Command, at: Timestamp) -> Vec<Event> {
        let events = decide(payment.as_ref(), command, at).unwrap();
        events.iter().for_each(|event| evolve(payment, event, at));
        events
    }

    fn answer(payment: &Option<Payment>, said: ProviderResult) -> Command {
        Command::Answer { asked: payment.as_ref().and_then(Payment::asked).unwrap(), said }
    }

    fn action() -> ProviderResult {
        let action = Action { url: Some("/page".into()), client_secret: None, until: later(600) };
        ProviderResult::ActionRequired { reference: "pi_1".into(), action: action.into() }
    }

    fn approved() -> ProviderResult {
        ProviderResult::Approved { reference: "pi_1".into(), amount: WON }
    }

    /// A payment that waits for its customer since noon.
    fn waiting() -> Option<Payment> {
        let mut payment = None;
        let means = Some(Means { token: Some("pm_1".into()), return_url: None }.into());
        let start = Command::Start { order: OrderId(1), placed_at: NOON, method: Method::Card, amount: WON, means };
        act(&mut payment, &start, NOON);
        let required = answer(&payment, action());
        act(&mut payment, &required, NOON);
        payment
    }

    #[test]
    fn the_customer_acts_and_the_payment_continues() {
        let mut payment = waiting();
        let now = payment.as_ref().unwrap();
        assert_eq!((now.state, now.reference.as_deref()), (State::RequiresAction, Some("pi_1")));
        assert_eq!(now.action.as_ref().unwrap().url.as_deref(), Some("/page"));
        assert_eq!(now.means.as_ref().unwrap().token.as_deref(), Some("pm_1"));
        let told = answer(&payment, approved());
        assert_eq!(act(&mut payment, &told, later(30)), vec![Event::Authorized { reference: "pi_1".into() }]);
        let now = payment.as_ref().unwrap();
        assert_eq!((now.state, now.action.as_ref()), (State::Capturing, None));
    }

    #[test]
    fn the_customer_declines_and_may_try_again() {
        let mut payment = waiting();
        let told = answer(&payment, ProviderResult::Declined { code: "authentication_failed".into() });
        act(&mut payment, &told, later(30));
        assert_eq!(payment.as_ref().unwrap().state, State::Declined);
        let start =
            Command::Start { order: OrderId(1), placed_at: NOON, method: Method::Card, amount: WON, means: None };
        act(&mut payment, &start, later(40));
        assert_eq!(payment.as_ref().map(|payment| (payment.attempt, payment.state)), Some((2, State::Authorizing)));
    }

    #[test]
    fn the_provider_is_queried_until_the_deadline_and_the_attempt_is_voided_then() {
        let mut payment = waiting();
        let mut at = NOON;
        let mut queries = 0;
        while payment.as_ref().unwrap().requires_action() {
            let next = payment.as_ref().and_then(|payment| payment.next).unwrap();
            assert_eq!(next.way, NextCall::Query);
            at = next.due.unwrap();
            assert!(at <= later(600), "the query at the deadline is the last one");
            let still = answer(&payment, action());
            act(&mut payment, &still, at);
            queries += 1;
        }
        assert_eq!((at, queries > 10), (later(600), true));
        let now = payment.as_ref().unwrap();
        assert_eq!((now.state, now.refusal.as_deref(), now.is_wanted), (State::Voiding, Some(ACTION_EXPIRED), true));
        // An approval that comes now changes nothing: the void is under way.
        let asked = crate::payment::Asked::first(now.order_ms, 1, Operation::Authorize, 0);
        assert_eq!(act(&mut payment, &Command::Answer { asked, said: approved() }, at), vec![]);
        let voided = answer(&payment, approved());
        act(&mut payment, &voided, at);
        assert_eq!(payment.as_ref().unwrap().state, State::Voided);
        assert_eq!(act(&mut payment, &Command::Answer { asked, said: approved() }, at), vec![], "too late");
    }

    #[test]
    fn an_approval_at_the_deadline_counts() {
        let mut payment = waiting();
        let told = answer(&payment, approved());
        act(&mut payment, &told, later(601));
        assert_eq!(payment.as_ref().unwrap().state, State::Capturing);
    }

    #[test]
    fn a_cancelled_order_lets_go_of_the_action() {
        let mut payment = waiting();
        assert_eq!(act(&mut payment, &Command::Withdraw, NOON), vec![Event::Withdrawn, Event::VoidRequested]);
        assert_eq!(payment.as_ref().map(|payment| payment.state), Some(State::Voiding));
        let mut payment = None;
        let start =
            Command::Start { order: OrderId(1), placed_at: NOON, method: Method::Card, amount: WON, means: None };
        act(&mut payment, &start, NOON);
        act(&mut payment, &Command::Withdraw, NOON);
        let required = answer(&payment, action());
        act(&mut payment, &required, NOON);
        let now = payment.as_ref().unwrap();
        assert_eq!((now.state, now.reference.as_deref()), (State::Voiding, Some("pi_1")));
    }

    /// A payment whose next query is some minutes before its deadline, or at it.
    fn queried_until(seconds: i64) -> Option<Payment> {
        let mut payment = waiting();
        while let Some(due) = payment.as_ref().and_then(|payment| payment.next?.due).filter(|due| *due < later(seconds))
        {
            let still = answer(&payment, action());
            act(&mut payment, &still, due);
        }
        payment
    }

    #[test]
    fn a_callback_that_does_not_decide_makes_the_query_due_and_never_later() {
        let undecided = [
            ProviderResult::Pending,
            ProviderResult::Unknown,
            ProviderResult::NotFound,
            ProviderResult::NotExecuted,
            ProviderResult::Approved { reference: "pi_1".into(), amount: Money::won(1) },
            action(),
        ];
        let mut payment = queried_until(200);
        let tries = payment.as_ref().and_then(|payment| payment.next).unwrap().tries;
        for (said, seconds) in undecided.into_iter().cycle().zip([200, 201, 210, 300, 300, 400, 599, 600, 601]) {
            let asked = payment.as_ref().and_then(Payment::asked).unwrap();
            act(&mut payment, &Command::Tell { asked, said }, later(seconds));
            let next = payment.as_ref().and_then(|payment| payment.next);
            assert_eq!(next, Some(Next { way: NextCall::Query, due: Some(later(200)), tries }));
        }
        let asked = payment.as_ref().and_then(Payment::asked).unwrap();
        act(&mut payment, &Command::Tell { asked, said: approved() }, later(602));
        assert_eq!(payment.as_ref().unwrap().state, State::Capturing, "one that decides is booked");
    }

    /// The first answer may come after a callback, and then opens the action.
    #[test]
    fn an_action_is_required_by_a_late_answer_as_well() {
        let mut payment = None;
        let start =
            Command::Start { order: OrderId(1), placed_at: NOON, method: Method::Card, amount: WON, means: None };
        act(&mut payment, &start, NOON);
        let asked = payment.as_ref().and_then(Payment::asked).unwrap();
        act(&mut payment, &Command::Tell { asked, said: action() }, NOON);
        assert!(payment.as_ref().unwrap().requires_action());
    }

    #[test]
    fn an_answer_without_a_result_does_not_put_the_query_off_beyond_the_deadline() {
        for said in [ProviderResult::Pending, ProviderResult::Unknown, ProviderResult::NotFound] {
            let mut payment = queried_until(590);
            let undecided = answer(&payment, said);
            act(&mut payment, &undecided, later(590));
            assert_eq!(payment.as_ref().and_then(|payment| payment.next?.due), Some(later(600)));
            let undecided = answer(&payment, ProviderResult::Unknown);
            act(&mut payment, &undecided, later(600));
            assert!(payment.as_ref().and_then(|payment| payment.next?.due) > Some(later(600)), "it is queried on");
        }
    }

    #[test]
    fn a_customer_who_is_back_is_not_kept_waiting() {
        let mut payment = waiting();
        for _ in 0..6 {
            let at = payment.as_ref().and_then(|payment| payment.next?.due).unwrap();
            let still = answer(&payment, action());
            act(&mut payment, &still, at);
        }
        act(&mut payment, &Command::Return, later(200));
        assert_eq!(payment.as_ref().and_then(|payment| payment.next?.due), Some(later(200)));
        let approved = answer(&payment, approved());
        act(&mut payment, &approved, later(201));
        assert_eq!(act(&mut payment, &Command::Return, later(201)), vec![], "nothing waits for the customer");
    }
}
