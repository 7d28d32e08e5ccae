//! A waiting room under load: a crowd that waits its turn and buys, and many customers who only wait.

mod crowd;
mod download;
mod figures;
mod hold;
mod turns;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::Error;
use crate::customers::Customers;
use crate::load::{self, Load, Pace};
use crate::scenario::joins;
use crate::shop::RoomTerms;

pub use crowd::crowd;
pub use figures::{CrowdReport, HoldReport};
pub use hold::hold;

/// The longest time of all joins.
const JOINING_MAX: Duration = Duration::from_secs(3_600);

/// The servers and the customers of a run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Customers are spread over them.
    pub addresses: Vec<SocketAddr>,
    /// Process ids of the servers.
    pub servers: Vec<u32>,
    pub customers: Customers,
    pub connections: usize,
    pub terms: RoomTerms,
}

impl Setting {
    /// Everybody joins, at all servers at once. Returns the joins per second.
    async fn everybody_joins(&self, drop: i64) -> Result<f64, Error> {
        let (servers, count) = (self.addresses.len() as u64, self.customers.count());
        let began = Instant::now();
        let all = LocalSet::new();
        let legs = self.addresses.iter().zip(0..).map(|(address, server)| {
            let own = count * server / servers..count * (server + 1) / servers;
            let plan = joins(self.customers.clone(), drop, own);
            let connections = (self.connections / self.addresses.len()).max(1);
            let load = Load { connections, pace: Pace::Closed { time: JOINING_MAX } };
            let address = *address;
            all.spawn_local(load::run(address, plan, load))
        });
        let legs: Vec<_> = legs.collect();
        all.run_until(async {
            for leg in legs {
                let leg = leg.await.map_err(|_panicked| Error::Nothing("a task of the joins panicked"))??;
                if let Some(body) = leg.tally.complaint {
                    return Err(Error::Refused { what: "joining".to_owned(), status: 0, body });
                }
            }
            Ok(count as f64 / began.elapsed().as_secs_f64().max(1e-9))
        })
        .await
    }
}
