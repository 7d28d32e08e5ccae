//! The technologies behind the ports. [`embedded`] is the whole shop in one process and one folder.

pub mod clock;
pub mod embedded;
