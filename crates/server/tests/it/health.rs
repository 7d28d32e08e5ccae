//! What the process says of itself: its components, its build, and the level of its log.

use serde_json::json;

use crate::buyers::until;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const LEVEL: &str = "/api/admin/log-level";

#[test]
fn readiness_lists_every_component_on_request() {
    let shop = TestShop::start_with(&[("REDIS_URL", "redis://127.0.0.1:1/")]);
    assert_eq!(shop.get(ADMIN, "/readyz").text, "ok\n");
    let up = json!({"status": "UP"});
    for path in ["/readyz?verbose", "/readyz?verbose=true"] {
        let mut body = shop.get(ADMIN, path).expect(200);
        assert_eq!(body["components"]["redis"]["status"], "DOWN", "{body}");
        assert!(body["components"]["redis"]["detail"].is_string());
        let components = body["components"].as_object_mut().unwrap();
        components.remove("redis");
        // A machine of tests may have a full disk.
        components.remove("disk").unwrap();
        assert_eq!(body, json!({"status": "UP", "components": {"store": up, "engine": up, "payment": up}}));
    }
    assert_eq!(shop.get(ADMIN, "/readyz?terse").problem(400), "validation.failed");
    assert_eq!(shop.get(ADMIN, "/startupz").text, "ok\n");
}

#[test]
fn a_provider_that_fails_is_shown_and_the_shop_stays_ready() {
    let shop = TestShop::start();
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    for _ in 0..6 {
        let number = shop.unpaid(ANN, 1_000);
        shop.pay(ANN, &number, 0).expect(202);
    }
    until("it is shown", || {
        shop.get(ADMIN, "/readyz?verbose").expect(200)["components"]["payment"]["status"] == "DOWN"
    });
    assert_eq!(shop.get(ADMIN, "/readyz?verbose").expect(200)["status"], "UP");
}

#[test]
fn the_build_is_named() {
    let shop = TestShop::start();
    let info = shop.get(ANN, "/info").expect(200);
    assert_eq!((&info["version"], &info["stack"]), (&json!(env!("CARGO_PKG_VERSION")), &json!("embedded")));
    assert!(info["commit"].is_string() && info["uptimeSeconds"].is_u64(), "{info}");
    assert!(info["builtAt"].as_str().unwrap().starts_with("20"), "{info}");
    assert!(info["sqlite"].as_str().unwrap().starts_with("3."), "{info}");
    let Some(database) = Database::new("the_build_is_named") else { return };
    assert_eq!(database.shop().get(ANN, "/info").expect(200)["stack"], "mysql");
}

#[test]
fn the_level_of_the_log_changes_while_the_shop_runs() {
    let shop = TestShop::start();
    let first = shop.get(ADMIN, LEVEL).expect(200);
    let put = |level: &str| shop.ask(ADMIN, "PUT", LEVEL, &[], &json!({"level": level}));
    for level in ["debug", "info,server=trace", "off"] {
        assert_eq!(put(level).expect(200), json!({"level": level}));
        assert_eq!(shop.get(ADMIN, LEVEL).expect(200), json!({"level": level}));
    }
    for bad in ["", "loud", "server=", "info,server=loud", "=info"] {
        assert_eq!(put(bad).problem(400), "validation.failed", "{bad}");
    }
    assert_eq!(shop.ask(ADMIN, "PUT", LEVEL, &[], &first).expect(200), first);
    assert_eq!(shop.get(ANN, LEVEL).problem(403), "auth.forbidden");
}
