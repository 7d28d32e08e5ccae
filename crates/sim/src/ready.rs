//! Runs the engine's futures on models whose ports never wait.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Returns the value of a future whose ports are all ready at once.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("in the simulator every port is ready at once"),
    }
}

/// Returns the value of a future, or `None` if it is pending: the process died in it.
pub fn survive<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
