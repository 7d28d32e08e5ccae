//! Which requests a connection is served.

/// The paths that are answered on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceLevel {
    Everything,
    /// Health checks only, because this limit is reached.
    HealthOnly(Full),
}

/// The limit of connections that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The limit of the shop.
    Shop,
    /// The limit of the client's address.
    Address,
}
