//! The database dies under load and comes back.

use std::time::Duration;

use xtask::mariadb_server::MariadbServer;

use crate::brokers::{over_kafka, start};
use crate::buyers::{Buyers, until, without_deadline};
use crate::shared::Database;

#[test]
fn the_database_may_be_killed_and_come_back_under_load() {
    let test = "the_database_may_be_killed_and_come_back_under_load";
    let Some(mut server) = MariadbServer::start(test) else { return };
    let Some(mut settings) = over_kafka(test) else { return };
    let database = Database::on(server.address());
    settings.extend([("DATABASE_URL".to_owned(), database.url()), without_deadline()]);
    let shops = [start(&settings, &[]), start(&settings, &[])];
    let [first, second] = &shops;
    let buyers = Buyers::prepare(first, Duration::from_millis(40));
    buyers.buy_at(&[first, second], || {
        for shop in [first, second] {
            buyers.await_completed(shop);
            let refused = buyers.refused();
            server.kill();
            until("customers are told to come back", || buyers.refused() >= refused + 5);
            server.restart();
            buyers.await_accepted(20);
            buyers.await_completed(shop);
        }
    });
    buyers.reconcile(first, &database);
    drop(shops);
}
