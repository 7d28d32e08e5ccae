//! The operators' dashboard. Its pages show what the admin API reads, and their forms call it: there is nothing that only the
//! dashboard can do.

pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod chart;
pub(crate) mod drops;
pub(crate) mod forms;
pub(crate) mod frame;
pub(crate) mod messages;
pub(crate) mod now;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod products;
pub(crate) mod systems;
