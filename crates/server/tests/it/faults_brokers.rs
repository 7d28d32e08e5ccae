//! Three brokers that fail under load, one by one and all at once.

use std::time::{Duration, Instant};

use xtask::brokers::Brokers;

use crate::brokers::{over, start};
use crate::buyers::{Buyers, without_deadline};
use crate::shared::Database;
use crate::shop::TestShop;

/// The longest interruption of a partition until another broker leads it.
const OUTAGE: Duration = Duration::from_secs(60);

/// Two processes with all roles. Fields are dropped in order: shops before services.
struct Cluster {
    first: TestShop,
    second: TestShop,
    brokers: Brokers,
    database: Database,
}

impl Cluster {
    fn start(test: &str) -> Option<Cluster> {
        let database = Database::new(test)?;
        let brokers = Brokers::start(test, 3)?;
        let mut settings = over(brokers.addresses());
        settings.push(("DOORBUSTER__KAFKA__TOPICS".to_owned(), "production".to_owned()));
        settings.extend([("DATABASE_URL".to_owned(), database.url()), without_deadline()]);
        let open = || start(&settings, &[]);
        Some(Cluster { first: open(), second: open(), brokers, database })
    }
}

#[test]
fn the_leader_may_die_in_the_middle_of_load() {
    let Some(mut cluster) = Cluster::start("the_leader_may_die_in_the_middle_of_load") else { return };
    let Cluster { first, second, brokers, database } = &mut cluster;
    let (first, second) = (&*first, &*second);
    let buyers = Buyers::prepare(first, Duration::from_millis(40));
    buyers.buy_at(&[first, second], || {
        buyers.await_completed(first);
        // Each broker leads a third of all partitions, and one of them is the controller.
        for number in [0, 1] {
            brokers.kill(number);
            buyers.await_accepted(20);
            buyers.await_completed(second);
            brokers.restart(number);
            brokers.await_answer(number);
            buyers.await_completed(first);
        }
    });
    buyers.assert_served();
    buyers.reconcile(second, database);
}

#[test]
fn orders_are_accepted_while_all_brokers_are_down() {
    let Some(mut cluster) = Cluster::start("orders_are_accepted_while_all_brokers_are_down") else { return };
    let Cluster { first, second, brokers, database } = &mut cluster;
    let (first, second) = (&*first, &*second);
    let buyers = Buyers::prepare(first, Duration::from_millis(250));
    buyers.buy_at(&[first, second], || {
        buyers.await_completed(first);
        (0..brokers.count()).for_each(|number| brokers.kill(number));
        let began = Instant::now();
        while began.elapsed() < OUTAGE {
            buyers.await_accepted(20);
        }
        (0..brokers.count()).for_each(|number| brokers.restart(number));
        buyers.await_completed(second);
    });
    buyers.assert_served();
    buyers.reconcile(second, database);
}
