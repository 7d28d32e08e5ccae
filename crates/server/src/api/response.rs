//! What endpoints share for their answers: rendered rows, problem documents, schemas, examples.

pub(crate) mod drop_examples;
pub(crate) mod examples;
pub(crate) mod refusals;
pub(crate) mod render;
pub(crate) mod replies;
pub(crate) mod shapes;
pub(crate) mod webhook_examples;
