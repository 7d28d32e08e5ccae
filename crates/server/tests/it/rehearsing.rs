//! `doorbuster rehearse`: what it prints, and that a real run of the same drop agrees with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sim::rehearsal::Script;
use sim::rehearsal::crowd::{Customer, crowd};
use sim::rehearsal::play;
use xtask::redis_server::wait_until;

use crate::api_asking::items;
use crate::shop::{ADMIN, TestShop};

/// 120 customers for 40 units, three per second.
const SCRIPT: &str = r#"
[drop]
name = "Saturday <10:00>"
lasts_seconds = 300
per_customer = 1

[[drop.products]]
stock = 40

[waiting_room]
admit_per_second = 3

[customers]
count = 120
think_seconds = 2
no_show_percent = 10

[[arrivals]]
from = -4
to = 4
share = 1
"#;

fn script_file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("doorbuster-rehearsal-{name}-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

fn rehearse(script: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("rehearse").arg(script).args(arguments).output().unwrap()
}

#[test]
fn a_rehearsal_is_shown_as_text_as_json_and_as_a_page() {
    let (script, page) = (script_file("shown", SCRIPT), script_file("page", ""));
    let shown = rehearse(&script, &["--page", page.to_str().unwrap()]);
    assert!(shown.status.success(), "{shown:?}");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("40 of 40") && text.contains("Recommended: admit_per_second = "), "{text}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<svg") && html.contains("Saturday &lt;10:00&gt;"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"));

    let once = rehearse(&script, &["--json", "--no-advice"]);
    let outcome: Value = serde_json::from_slice(&once.stdout).unwrap();
    assert_eq!((&outcome["outcome"]["sold"], &outcome["outcome"]["violations"]), (&json!(40), &json!([])));
    assert_eq!(rehearse(&script, &["--json", "--no-advice"]).stdout, once.stdout, "equal scripts have equal results");
    assert_ne!(rehearse(&script, &["--json", "--no-advice", "--seed", "2"]).stdout, once.stdout);
    for path in [script, page] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_script_that_is_wrong_is_told_where() {
    let script = script_file("wrong", &SCRIPT.replace("count = 120", "count = 0"));
    let refused = rehearse(&script, &[]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("customers.count is 0, but must be from 1 to 1000000"), "{told}");
    assert!(told.contains("next: docs/rehearsal.md"), "{told}");
    let refused = rehearse(&script, &["--json"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains(r#""code":"script""#));
    std::fs::remove_file(&script).unwrap();
    let missing = rehearse(&script, &[]);
    assert_eq!(missing.status.code(), Some(2));
}

/// The outcome of a customer in the real drop, in seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Lived {
    waited: Option<f64>,
    bought_at: Option<f64>,
}

/// The start of a drop.
#[derive(Clone, Copy)]
struct Start(Duration);

impl Start {
    fn seconds(self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - self.0.as_secs_f64()
    }

    fn sleep_until(self, seconds: f64) {
        std::thread::sleep(Duration::from_secs_f64((seconds - self.seconds()).max(0.0)));
    }
}

struct Sale<'a> {
    shop: &'a TestShop,
    product: i64,
    queue: String,
    start: Start,
}

impl Sale<'_> {
    fn live(&self, user: i64, customer: Customer) -> Lived {
        let second = |micros: i64| micros as f64 / 1_000_000.0;
        self.start.sleep_until(second(customer.arrives));
        let ticket = self.shop.post(user, &self.queue, &json!({})).expect(202);
        let joined = self.start.seconds();
        let mut looks = joined + second(customer.looks_after);
        loop {
            self.start.sleep_until(looks);
            let seen = self.shop.get(user, &self.queue).expect(200);
            match seen["status"].as_str() {
                Some("ADMITTED") => break,
                Some("WAITING") => looks += 1.0,
                _ => return Lived::default(),
            }
        }
        let waited = Some(self.start.seconds() - joined);
        if !customer.orders {
            return Lived { waited, bought_at: None };
        }
        std::thread::sleep(Duration::from_secs_f64(second(customer.thinks)));
        let body = json!({"items": items(self.product, customer.units), "payment": "ON_DELIVERY"});
        let headers = [("prefer", "wait=5"), ("queue-ticket", ticket["ticket"].as_str().unwrap())];
        let has_it = self.shop.ask(user, "POST", "/api/orders", &headers, &body).json()["outcome"] == "COMPLETED";
        Lived { waited, bought_at: has_it.then(|| self.start.seconds()) }
    }
}

#[test]
fn a_real_run_of_the_same_drop_agrees_with_its_rehearsal() {
    let script: Script = toml::from_str(SCRIPT).unwrap();
    let rehearsed = play(&script);
    let shop = TestShop::start();
    let product = shop.product(1_000, 40);
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 8;
    let moment = |seconds: u64| {
        let micros = i64::try_from(seconds).unwrap() * 1_000_000;
        app::events::wire_time::format(domain::time::Timestamp::from_micros(micros))
    };
    let body = json!({
        "name": "Saturday", "startsAt": moment(start), "endsAt": moment(start + 300), "perCustomer": 1,
        "products": [{"productId": product}], "waitingRoom": {"admitPerSecond": 3},
    });
    let drop = shop.post(ADMIN, "/api/admin/drops", &body).expect(201);
    let queue = format!("/api/drops/{}/queue", drop["dropId"]);
    let sale = Sale { shop: &shop, product, queue, start: Start(Duration::from_secs(start)) };
    let lived: Vec<Lived> = std::thread::scope(|scope| {
        let sale = &sale;
        let living =
            (2_000..).zip(crowd(&script)).map(|(user, customer)| scope.spawn(move || sale.live(user, customer)));
        let living: Vec<_> = living.collect();
        living.into_iter().map(|customer| customer.join().unwrap()).collect()
    });
    let bought: Vec<f64> = lived.iter().filter_map(|lived| lived.bought_at).collect();
    assert_eq!(bought.len(), 40);
    let sold_out = bought.iter().copied().fold(0.0, f64::max);
    let mut waits: Vec<f64> = lived.iter().filter_map(|lived| lived.waited).collect();
    waits.sort_by(f64::total_cmp);
    let p95 = waits[(waits.len() * 95).div_ceil(100) - 1];
    let is_near = |real: f64, forecast: f64| (real - forecast).abs() <= real * 0.2;
    let forecast = (rehearsed.sold_out_seconds.unwrap(), rehearsed.wait_seconds.p95);
    assert!(is_near(sold_out, forecast.0), "sold out after {sold_out} s, forecast {} s", forecast.0);
    assert!(is_near(p95, forecast.1), "p95 of the waits {p95} s, forecast {} s", forecast.1);
    shop.assert_adds_up();
}

#[test]
fn an_interrupted_calibration_leaves_nothing_behind() {
    let script = script_file("interrupted", SCRIPT);
    let folder = std::env::temp_dir().join(format!("doorbuster-calibration-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let count = || std::fs::read_dir(&folder).unwrap().count();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("rehearse").arg(&script).arg("--calibrate").env("TMPDIR", &folder);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the measurement has a folder", || count() > 0);
    assert!(xtask::process::signal(child.id(), "-INT"));
    let ended = child.wait().unwrap();
    std::fs::remove_file(script).unwrap();
    assert_eq!((ended.code(), count()), (Some(130), 0));
    std::fs::remove_dir(folder).unwrap();
}
