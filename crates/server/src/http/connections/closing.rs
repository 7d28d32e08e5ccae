//! Drives a connection until it closes, or until its phase has lasted too long.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::time::{Instant, Sleep};

use super::phase::Phases;

/// Drives a connection until it closes, or until its phase has lasted too long.
///
/// The alarm is reset only when it fires, so that most requests do not touch it.
pub(super) async fn until_closed<E>(
    mut connection: Pin<&mut impl Future<Output = Result<(), E>>>,
    mut alarm: Pin<&mut Sleep>,
    phases: &Phases,
) {
    poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(deadline) = phases.deadline() else {
                return Poll::Pending;
            };
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(context));
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    })
    .await;
}
