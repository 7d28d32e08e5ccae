//! Health endpoints: liveness, readiness, start, metrics, and which build answers.

use app::events::wire_time;
use app::resilience::breaker::State as Breaker;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::alert::Code as AlertCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::response::webhook_examples as examples;
use crate::api::texts::{Text, operators};
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::metrics::PAYMENT_BREAKER;
use crate::openapi::words;

/// `GET /livez`: the process answers, and all of its threads work.
pub(crate) async fn live(State(shop): State<Shop>) -> Result<&'static str, Problem> {
    if shop.submitter.health.failed().is_some() {
        return Err(Problem::new(Code::Unavailable, operators::FAILED_FOR_GOOD));
    }
    Ok("ok\n")
}

/// `GET /startupz`: the store is open and has answered. A process manager asks the other probes only afterwards.
pub(crate) async fn started(State(shop): State<Shop>) -> Result<&'static str, Problem> {
    store(&shop).await?;
    Ok("ok\n")
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReadyQuery {
    /// With this parameter, with or without a value, the answer lists every component.
    #[serde(default)]
    verbose: Option<String>,
}

/// `GET /readyz`: the shop accepts commands, and the store answers and accepts writes.
pub(crate) async fn ready(State(shop): State<Shop>, Query(query): Query<ReadyQuery>) -> Result<Response, Problem> {
    let engine = engine(&shop);
    if query.verbose.is_none() {
        engine.map_err(|text| Problem::new(Code::Unavailable, text))?;
        store(&shop).await?;
        return Ok("ok\n".into_response());
    }
    let store = store(&shop).await;
    let is_ready = engine.is_ok() && store.is_ok();
    let store = store.map_err(|problem| problem.detail(Language::English).into_owned());
    let components = Components {
        store: Component::of(store),
        engine: Component::of(engine.map_err(|text| text.of(Language::English).to_owned())),
        relay: shop.components.has_relay.then(|| alerted(&shop, &[AlertCode::MessageLatency, AlertCode::Backlog])),
        kafka: shop.components.has_kafka.then(|| alerted(&shop, &[AlertCode::BrokerDown])),
        redis: shop.components.redis.as_ref().map(|works| {
            Component::of(if works() { Ok(()) } else { Err("Redis does not answer; results are the same.".to_owned()) })
        }),
        payment: payment(&shop),
        disk: alerted(&shop, &[AlertCode::Disk]),
    };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(ReadyBody { status: Word::of(is_ready), components })).into_response())
}

fn engine(shop: &Shop) -> Result<(), Text> {
    if shop.is_stopping() {
        return Err(operators::STOPPING);
    }
    if !shop.submitter.is_open() {
        return Err(operators::ENGINE_STOPPED);
    }
    if !shop.submitter.health.takes_writes() {
        return Err(operators::NO_WRITES);
    }
    Ok(())
}

async fn store(shop: &Shop) -> Result<(), Problem> {
    shop.submitter.views.product(domain::ids::ProductId(0)).await.map(drop).map_err(unavailable)
}

fn payment(shop: &Shop) -> Component {
    let now = shop.submitter.clock.now();
    let own = shop.components.payment.as_ref().is_some_and(|breaker| breaker.state(now) != Breaker::Closed);
    let is_open = own || shop.alerts.next_try(PAYMENT_BREAKER, now).is_some();
    Component::of(if is_open {
        Err("The payment provider's breaker is open; payments wait.".to_owned())
    } else {
        Ok(())
    })
}

/// A component that is down while one of these alerts is open.
fn alerted(shop: &Shop, codes: &[AlertCode]) -> Component {
    let open = shop.alerts.all();
    let found = open.iter().find(|alert| codes.contains(&alert.code));
    Component::of(found.map_or(Ok(()), |alert| {
        let (code, value, threshold) = (alert.code.name(), alert.value.number(), alert.threshold.number());
        Err(format!("{code}: {value} where {threshold} is the threshold"))
    }))
}

/// The readiness of the shop, and the state of each component. Only store and engine decide about readiness.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Readiness", example = examples::readiness())]
pub(crate) struct ReadyBody {
    #[schemars(with = "words::UpWord")]
    status: Word,
    components: Components,
}

/// The components. Those that this process or shop does not have are absent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Components")]
struct Components {
    store: Component,
    engine: Component,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka: Option<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<Component>,
    payment: Component,
    disk: Component,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Component")]
struct Component {
    #[schemars(with = "words::UpWord")]
    status: Word,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    Up,
    Down,
}

impl Word {
    const fn of(is_up: bool) -> Word {
        if is_up { Word::Up } else { Word::Down }
    }
}

impl Component {
    fn of(state: Result<(), String>) -> Component {
        Component { status: Word::of(state.is_ok()), detail: state.err() }
    }
}

/// The build that answers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Info", example = examples::info())]
pub(crate) struct InfoBody {
    version: &'static str,
    /// The commit that it was built from; `unknown` in a development build.
    commit: &'static str,
    #[schemars(with = "words::Moment")]
    built_at: String,
    /// The store, and what else the shop uses: `embedded`, or `mysql+kafka+redis`.
    stack: String,
    /// The version of SQLite in this build.
    sqlite: String,
    uptime_seconds: u64,
}

/// `GET /info`.
pub(crate) async fn info(State(shop): State<Shop>) -> Json<InfoBody> {
    let components = &shop.components;
    Json(InfoBody {
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("DOORBUSTER_COMMIT"),
        built_at: wire_time::format(components.built_at),
        stack: components.stack.clone(),
        sqlite: components.sqlite.to_owned(),
        uptime_seconds: components.started.elapsed().as_secs(),
    })
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(shop): State<Shop>, asked: HeaderMap) -> Response {
    shop.metrics.exposition(&asked).into_response()
}
