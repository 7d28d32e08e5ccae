//! The futures that ports return.

use std::future::Future;
use std::pin::Pin;

use crate::ports::error::StoreError;

/// The future of a port. The engine runs on one thread, so it need not be `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The future of a view; views are read from any thread.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The future of a check of a client, which any thread may await.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Result<bool, String>> + Send + 'a>>;
