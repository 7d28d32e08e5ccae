//! The stop signal that every thread receives.

use std::io;

use tokio::sync::watch;

/// Sends the stop signal; dropping it sends it too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Receives the stop signal; can be cloned.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

pub fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits for the stop signal; returns at once if it was sent before.
    pub async fn requested(&mut self) {
        // An error means that the stopper was dropped, which is a stop too.
        let _gone = self.0.wait_for(|stop| *stop).await;
    }

    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

/// The operating system's signals to end, recorded from the moment this is created.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Must be called inside a runtime, before any sender can expect its signal to be handled.
    pub fn listen() -> io::Result<Signals> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminate = signal(SignalKind::terminate())?;
            let interrupt = signal(SignalKind::interrupt())?;
            Ok(Signals { terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Signals {})
    }

    pub async fn received(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            Ok(())
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_receives_the_signal() {
        let (stopper, stop) = channel();
        let (mut early, late) = (stop.clone(), stop);
        assert!(!late.is_requested());
        stopper.stop();
        early.requested().await;
        late.clone().requested().await;
        assert!(late.is_requested());
    }

    #[tokio::test]
    async fn a_lost_stopper_stops_too() {
        let (stopper, mut stop) = channel();
        drop(stopper);
        stop.requested().await;
        assert!(stop.is_requested());
    }
}
