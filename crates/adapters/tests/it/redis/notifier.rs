//! Wake-ups between processes.

use std::sync::mpsc;
use std::time::Duration;

use adapters::redis::RedisNotifier;
use app::ports::{Notification, Notifier as _, Wake};
use domain::ids::{OrderId, UserId};
use xtask::redis_server::{RedisServer, wait_until};

use super::server::open_as;

#[test]
fn other_processes_receive_a_wake_up_also_after_redis_was_down() {
    let test = "other_processes_receive_a_wake_up_also_after_redis_was_down";
    let Some(mut server) = RedisServer::start(test, &[]) else { return };
    let (here, there) = (RedisNotifier::new(open_as(&server, test)), RedisNotifier::new(open_as(&server, test)));
    let (sender, receiver) = mpsc::channel();
    there.listen(Box::new(move |notification| _ = sender.send(notification)));
    let receives = |expected: &Notification| {
        while receiver.recv_timeout(Duration::from_secs(20)).expect("a notification arrives") != *expected {}
    };
    let wake = Wake { users: vec![UserId(1)], orders: vec![OrderId(2)], requests: vec![] };
    receives(&Notification::Nothing);
    here.notify(wake.clone());
    receives(&Notification::Wake(wake.clone()));
    server.kill();
    wait_until("the loss of the subscription is noticed", || !there.is_heard());
    server.restart();
    // Wake-ups sent meanwhile were missed, and the listener learns that.
    receives(&Notification::Nothing);
    // The other side may still be finding out that Redis is back.
    let mut rings = 0;
    while receiver.recv_timeout(Duration::from_millis(50)) != Ok(Notification::Wake(wake.clone())) {
        here.notify(wake.clone());
        rings += 1;
        assert!(rings < 400, "wake-ups arrive again");
    }
}
