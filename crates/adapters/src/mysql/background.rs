//! A runtime with a thread of its own, for connections that are used from threads and runtimes that come and go.

use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Handle, Runtime};

use super::failure::{Failure, Result};

pub(super) struct Background {
    /// Taken only when it is dropped.
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

    /// Runs something in the background and blocks until it is done, also where blocking a runtime is forbidden.
    pub(super) fn wait_for<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let (tell, told) = mpsc::channel();
        self.handle.spawn(async move {
            // Nobody listens any more only when the caller is gone.
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| Failure::Refused("it was given up in the middle".to_owned()))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Whoever drops it may be a task himself, and must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
