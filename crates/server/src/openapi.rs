//! The OpenAPI 3.1 document of the HTTP API, generated from the handlers.
//!
//! A route is a handler and its [`Operation`]. Parameters, body, token, headers and error codes are derived from the types of the
//! handler's arguments and answer, by [`Describes`] and [`Answers`]; only texts and the content of a `Response` are added by
//! hand. So a route cannot be served without a description, and none is described without being served.

mod answer;
mod document;
mod example;
mod one_answer;
mod operation;
mod schemas;
mod signature;
pub(crate) mod words;

pub use answer::{Answer, Content, Header, Link};
pub(crate) use document::ACCESS_TOKEN;
pub use document::{DIALECT, document};
pub use operation::{Access, Body, Operation, Parameter, Place, Tag};
pub(crate) use signature::body;
pub use signature::{Answers, Describes, Signature};
