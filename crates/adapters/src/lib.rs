//! The technologies behind the ports. [`embedded`] is the whole shop in one process and one folder; [`mysql`] is the store
//! that several processes share.

pub mod clock;
pub mod embedded;
pub mod mysql;
mod selects;
mod words;
