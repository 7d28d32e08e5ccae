//! A runtime with a thread of its own, for connections that are used from short-lived threads and runtimes.

use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Handle, Runtime};

use super::failure::{Failure, Result};

pub(super) struct Background {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    pub(super) fn start(name: &str) -> io::Result<Background> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Background { runtime: Some(runtime), handle })
    }

    pub(super) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs a future in the background and blocks until it is done, also where blocking a runtime is forbidden.
    pub(super) fn wait_for<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        self.handle.spawn(async move {
            // The receiver is gone only when the caller is.
            let _ = sender.send(work.await);
        });
        receiver.recv().map_err(|_| Failure::Refused("the background task was aborted".to_owned()))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // The caller may be a task itself and must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
