//! Events go to an archive step by step, and the audit stays clean after each step: wherever an archiver is killed.

use std::sync::Arc;

use adapters::sqlite::SqliteSnapshot;
use app::audit::{Archived, EventFacts, Snapshot, archive};
use app::commands::{Command, RefundWanted};
use app::state::rows::Removal;
use app::state::settings::Executor;
use domain::ids::OrderId;

use super::shop::{Home, Shop, assert_clean};
use super::{broken, database};
use crate::database::Database;

/// Smaller than what one order writes, so that orders are cut in their middle.
const STEP: usize = 7;

impl Home {
    fn snapshot(&self) -> Box<dyn Snapshot> {
        match self {
            Home::Embedded(_) => Box::new(SqliteSnapshot::open(self.folder()).unwrap()),
            Home::Shared(database) => Box::new(database.snapshot()),
        }
    }

    fn events(&self) -> Vec<EventFacts> {
        let mut events = vec![];
        self.snapshot().events(&mut |event| events.push(event)).unwrap();
        events
    }
}

/// Archives all events but the last one.
fn archive_all(shop: &mut Shop) -> Archived {
    let mut archived = shop.home.snapshot().archived().unwrap().unwrap_or_default();
    let mut events = shop.home.events();
    events.pop();
    let mut removals = vec![];
    for step in events.chunks(STEP) {
        step.iter().for_each(|event| archive(event, &mut archived));
        let removal = Removal {
            through: step.last().unwrap().position,
            events: archived.events(),
            before: archived.before(),
            archived: Arc::from(serde_json::to_string(&archived).unwrap()),
        };
        removals.push(removal.clone());
        assert!(shop.ask(Command::Remove(removal)).result.is_ok());
        assert_clean(&shop.home.audit());
    }
    // An archiver that is slower than another repeats a step that is done.
    assert!(shop.ask(Command::Remove(removals[0].clone())).result.is_ok());
    assert_eq!(shop.home.snapshot().archived().unwrap(), Some(archived.clone()));
    archived
}

fn check(home: Home, executor: Executor) -> Shop {
    let mut shop = Shop::reopen(home, executor);
    shop.sell_everything();
    shop.leave_orders_waiting();
    shop.quiet();
    let all = shop.home.events().len();
    let archived = archive_all(&mut shop);
    assert_eq!((archived.events(), shop.home.events().len()), (i64::try_from(all).unwrap() - 1, 1));
    // Life goes on, also that of an order whose events are archived.
    let sold =
        Command::RefundOrder(Box::new(RefundWanted { order: OrderId(1), lines: vec![], note: None, by_shop: None }));
    assert!(shop.ask(sold).result.is_ok());
    shop.quiet();
    shop.leave_orders_waiting();
    shop.quiet();
    assert_clean(&shop.home.audit());
    archive_all(&mut shop);
    // The next process goes on where the chain is.
    let mut shop = Shop::reopen(shop.close(), executor);
    shop.leave_orders_waiting();
    shop.quiet();
    assert_clean(&shop.home.audit());
    shop
}

#[test]
fn every_step_leaves_a_folder_clean() {
    for executor in [Executor::Inline, Executor::Log] {
        let shop = check(Home::Embedded(crate::fixture::Embedded::new()), executor);
        let folder = shop.close();
        let store = database(folder.folder());
        let laws = |sql: &str| {
            store.execute_batch(sql).unwrap();
            broken(&folder.audit())
        };
        assert!(laws("UPDATE archive SET archived = replace(archived, '\"issued\":3', '\"issued\":4')").contains(&4));
        assert!(laws("DELETE FROM archive").contains(&20));
        assert!(laws("DELETE FROM event_row WHERE position = (SELECT max(position) - 1 FROM event_row)").contains(&20));
    }
}

#[test]
fn every_step_leaves_a_database_clean() {
    for executor in [Executor::Inline, Executor::Log] {
        let Some(database) = Database::new("every_step_leaves_a_database_clean") else { return };
        check(Home::Shared(database), executor);
    }
}
