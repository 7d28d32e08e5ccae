//! The ranking on Redis equals the store's.

use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::redis::RedisRanking;
use app::ports::views::DaySales;
use app::ports::{Clock, FixedOffset, Ranking as _, Window};
use domain::ids::ProductId;
use xtask::redis_server::{RedisServer, wait_until};

use super::sales::Sales;
use super::server::open_as;
use crate::database::runtime;

const LIMIT: usize = 3;

fn ranked(ranking: &RedisRanking, window: Window) -> Option<Vec<(i64, i64)>> {
    let best = runtime().block_on(ranking.popular(window, LIMIT))?;
    Some(best.into_iter().map(|popular| (popular.product.0, popular.sold)).collect())
}

fn await_ranked(ranking: &RedisRanking, window: Window, expected: &[(i64, i64)]) {
    wait_until(&format!("{window:?} is {expected:?}"), || ranked(ranking, window).as_deref() == Some(expected));
}

#[test]
fn it_is_built_from_the_store_and_updated_by_each_commit() {
    let test = "it_is_built_from_the_store_and_updated_by_each_commit";
    let Some(mut server) = RedisServer::start(test, &[]) else { return };
    let today = SystemClock.now().day();
    let sales = Arc::new(Sales::default());
    for (product, day, sold) in
        [(1, today, 5), (2, today - 1, 7), (3, today - 2, 7), (4, today - 3, 100), (1, today - 9, 1)]
    {
        sales.put(product, day, sold, 0);
    }
    let open = || {
        RedisRanking::new(
            open_as(&server, test),
            Arc::clone(&sales) as _,
            Arc::new(SystemClock),
            Arc::new(FixedOffset(0)),
        )
    };
    let (here, there) = (open(), open());
    for ranking in [&here, &there] {
        await_ranked(ranking, Window::Day(today), &[(1, 5)]);
        // Of equal sums the first product comes first.
        await_ranked(ranking, Window::ThreeDays(today), &[(2, 7), (3, 7), (1, 5)]);
        await_ranked(ranking, Window::All, &[(4, 100), (2, 7), (3, 7)]);
    }
    let count = |product: i64, sold: i64, returned: i64| {
        sales.put(product, today, sold, returned);
        let sold = DaySales { product: ProductId(product), day: Some(today), sold, returned };
        // Applied twice, as after a commit that was looked up.
        here.apply(&[sold]);
        here.apply(&[sold]);
    };
    count(1, 8, 0);
    for ranking in [&here, &there] {
        await_ranked(ranking, Window::Day(today), &[(1, 8)]);
        await_ranked(ranking, Window::ThreeDays(today), &[(1, 8), (2, 7), (3, 7)]);
        await_ranked(ranking, Window::All, &[(4, 100), (1, 9), (2, 7)]);
    }
    // Returns reduce their own day, and a late update changes nothing.
    count(1, 9, 6);
    let late = DaySales { product: ProductId(1), day: Some(today), sold: 8, returned: 0 };
    here.apply(&[late]);
    for ranking in [&here, &there] {
        await_ranked(ranking, Window::Day(today), &[(1, 3)]);
        await_ranked(ranking, Window::ThreeDays(today), &[(2, 7), (3, 7), (1, 3)]);
        await_ranked(ranking, Window::All, &[(4, 100), (2, 7), (3, 7)]);
    }
    count(1, 9, 9);
    await_ranked(&here, Window::Day(today), &[]);
    // Sales while Redis is down are there when it is back.
    server.kill();
    count(2, 30, 0);
    wait_until("an outdated ranking is not read", || ranked(&here, Window::All).is_none());
    server.restart();
    for ranking in [&here, &there] {
        await_ranked(ranking, Window::Day(today), &[(2, 30)]);
        await_ranked(ranking, Window::All, &[(4, 100), (2, 37), (3, 7)]);
    }
}
