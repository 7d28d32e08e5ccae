//! What endpoints share for reading requests: routes, bodies, pages, rate limits, submission to the engine.

pub(in crate::api) mod acts;
pub(in crate::api) mod admission;
pub mod bodies;
pub(crate) mod caller;
pub(crate) mod characters;
pub(crate) mod checks;
pub(crate) mod filters;
pub(crate) mod fingerprints;
pub(crate) mod if_match;
pub(crate) mod limiting;
pub(crate) mod pages;
pub(crate) mod routes;
pub(crate) mod site;
pub(crate) mod submission;
