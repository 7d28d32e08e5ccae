//! The service that checks clients before they join a waiting room.

use std::net::IpAddr;
use std::sync::Arc;

use adapters::challenge::SiteVerify;
use app::ports::drops::{Challenge, Checking};

use crate::config::Drops;
use crate::security::join_guard::JoinGuard;

pub(in crate::wiring) fn guard(drops: &Drops) -> JoinGuard {
    JoinGuard { challenge: service(drops), fails_open: drops.challenge_fails_open, widget: drops.challenge_widget() }
}

/// Returns the configured service, if there is one.
fn service(drops: &Drops) -> Option<Arc<dyn Challenge>> {
    let url = drops.challenge_url()?;
    let secret = drops.challenge_secret().map(str::to_owned);
    Some(match SiteVerify::new(url, secret, drops.challenge_timeout()) {
        Ok(service) => Arc::new(service),
        Err(error) => Arc::new(Unusable(error)),
    })
}

/// A service that cannot be called, which is shown with each join.
struct Unusable(String);

impl Challenge for Unusable {
    fn check<'a>(&'a self, _token: &'a str, _address: Option<IpAddr>) -> Checking<'a> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}
