//! What waits for the event of a dead letter: nothing that was accepted may wait for it for ever.

use domain::ids::Codec;

use crate::commands::Reaction;
use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Handled};
use crate::commands::coupons;
use crate::commands::fulfilment::{self, waiting};
use crate::events::event::Event;
use crate::log::group::Group;
use crate::log::reactions;
use crate::state::rows::{CustomerKey, DeadLetter, Keys, Message, PaymentKey};

/// Declares the rows of what may wait for the letter's event.
pub(super) fn declare(letter: &DeadLetter, codec: &Codec, keys: &mut Keys) {
    let Some((message, event)) = delivered(letter) else { return };
    match reactions::command(letter.group, &event, message.at, codec) {
        Some(Reaction::DecideRequest { request, user, .. }) => {
            keys.insert(request.into());
            keys.insert(CustomerKey(user).into());
        }
        Some(Reaction::CallProvider { order, .. }) => {
            keys.insert(PaymentKey(order).into());
        }
        Some(Reaction::ProcessOrder { order, .. }) => fulfilment::declare(order, keys),
        // Nothing waits for another event without a deadline.
        _ => {}
    }
}

/// Ends a coupon request that waits for the event of a letter that is dropped. The letter of a payment or an order that
/// waits is not dropped: sent again, it does what was accepted.
pub(super) fn release(context: &mut Context<'_>, letter: &DeadLetter) -> Handled {
    let Some((message, event)) = delivered(letter).filter(|_| !letter.is_disbelieved()) else { return Ok(()) };
    if let (Group::CouponRequest, Event::CouponRequested(asked)) = (letter.group, &event) {
        return context.within(message.trace, |context| coupons::give_up_request(context, asked));
    }
    let reaction = reactions::command(letter.group, &event, message.at, &context.settings.codec);
    let is_awaited = match reaction {
        Some(Reaction::CallProvider { order, attempt, refund }) => {
            waiting::waits_for_call(context, order, attempt, refund)?
        }
        Some(Reaction::ProcessOrder { order, .. }) => waiting::waits_to_be_processed(context, order)?,
        _ => false,
    };
    if is_awaited { Err(Refusal::DeadLetterAwaited.into()) } else { Ok(()) }
}

/// Returns the event as it was delivered or, if it could not be parsed, as an operator has corrected it. `None`: it cannot
/// be parsed.
fn delivered(letter: &DeadLetter) -> Option<(Message, Event)> {
    let first = letter.acts.iter().find_map(|act| act.payload_before.clone());
    let first = first.map(|payload| Message { payload, ..letter.message.clone() });
    let parsed = |message: Message| message.event().ok().map(|event| (message, event));
    first.and_then(parsed).or_else(|| parsed(letter.message.clone()))
}
