//! The document of the HTTP surface (OpenAPI 3.1), made from the handlers.
//!
//! A route is a handler and its [`Operation`]. What the handler's own arguments and answer say (parameters, body, token,
//! headers, refusals) is read off their types, by [`Describes`] and [`Answers`]; only words and what stands inside a
//! `Response` are added by hand. So a route cannot be served without being described, nor the other way round.

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
