//! A decision that would break an invariant is not applied: this one command or event is undone and refused, and the
//! rest of the batch continues.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::payment::PAUSE_MAX;
use domain::time::Timestamp;

use crate::commands::Command;
use crate::commands::context::Halt;
use crate::state::rows::{PaymentKey, Rows, TimerKey};
use crate::state::settings::Settings;

/// Decides; a panic becomes a refusal.
///
/// This is the last resort, behind refusals with codes of their own. It is sound: a decision changes only the rows of
/// its batch, which the caller undoes; numbers, of which some are then left out; and breakers, whose locks recover.
/// Without a panic it costs nothing.
pub(super) fn caught<T>(decide: impl FnOnce() -> Result<T, Halt>) -> Result<T, Halt> {
    catch_unwind(AssertUnwindSafe(decide))
        .unwrap_or_else(|panic| Err(Halt::Broken(format!("it panicked: {}", words(panic.as_ref())))))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Postpones commands that are due by the clock: otherwise they would fail again at once, endlessly.
pub(super) fn postpone(rows: &mut Rows, command: &Command, now: Timestamp, settings: &Settings) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command is due by the clock")]
    match command {
        Command::FireTimer { order, due } => {
            let key = TimerKey(*order);
            if let Ok(Some(timer)) = rows.timers.get(key).map(|timer| timer.copied().filter(|timer| timer.due == *due))
            {
                let due = now + settings.order_deadline;
                rows.timers.put(key, crate::state::rows::Timer { due, ..timer });
            }
        }
        Command::PaymentAnswered(answered) => {
            let key = PaymentKey(answered.order);
            let Ok(Some(mut payment)) = rows.payments.get(key).map(Option::<&_>::cloned) else { return };
            if let Some(next) = &mut payment.next {
                next.due = next.due.map(|due| due.max(now + PAUSE_MAX));
                rows.payments.put(key, payment);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_refusal_with_its_message() {
        let panics = || -> Result<(), Halt> { panic!("there are {} lamps", 3) };
        assert_eq!(caught(panics), Err(Halt::Broken("it panicked: there are 3 lamps".into())));
        assert_eq!(caught(|| Ok(7)), Ok(7));
    }
}
