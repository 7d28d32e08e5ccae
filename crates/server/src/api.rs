//! The endpoints: which path leads where, and what they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::audit::Snapshot;
use app::ports::StoreError;
use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, patch, post};
use domain::limits::NAME_CHARS_MAX;
use serde::Deserialize;

use crate::auth::{Admin, Tokens};
use crate::front::Front;
use crate::http::cursor::Cursors;
use crate::http::{BodyLimits, Code, Problem, Violations, enclose};
use crate::metrics::Metrics;
use crate::passwords::Passwords;

mod audit;
mod coupons;
mod echo;
mod health;
mod notices;
mod orders;
mod pages;
mod points;
mod products;
mod refusals;
mod render;
mod submission;
pub mod users;

/// What the endpoints work with; one for the whole process.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

/// What a [`Shop`] is built from.
pub struct Inner {
    pub front: Front,
    pub tokens: Arc<Tokens>,
    pub token_ttl: Duration,
    pub passwords: Passwords,
    pub cursors: Cursors,
    pub body_limits: BodyLimits,
    /// For a reader of a stream to take what is sent to him.
    pub write_timeout: Duration,
    pub customers_may_charge: bool,
    pub metrics: Arc<Metrics>,
    /// Opens a consistent view of the whole store.
    pub snapshots: Snapshots,
    /// Set when the process begins to stop.
    pub stopping: Arc<AtomicBool>,
}

/// How the audit gets to see everything at one moment.
pub type Snapshots = Arc<dyn Fn() -> Result<Box<dyn Snapshot>, StoreError> + Send + Sync>;

impl Shop {
    pub fn new(inner: Inner) -> Shop {
        Shop(Arc::new(inner))
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for Shop {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<Shop> for BodyLimits {
    fn from_ref(shop: &Shop) -> BodyLimits {
        shop.body_limits
    }
}

impl FromRef<Shop> for Arc<Tokens> {
    fn from_ref(shop: &Shop) -> Arc<Tokens> {
        Arc::clone(&shop.tokens)
    }
}

/// A body without fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// Where the admin endpoints are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Everything,
    /// The same with the yardstick of `doorbuster bench`.
    EverythingAndEcho,
    CustomersOnly,
    AdminOnly,
}

/// All routes of one listener, in their envelope.
pub fn router(shop: &Shop, surface: Surface) -> Router {
    let routes = match surface {
        Surface::Everything => health_routes().merge(customer_routes()).merge(admin_routes(shop)),
        Surface::EverythingAndEcho => {
            let echo = Router::new().route("/bench/echo/{bytes}", post(echo::echo));
            health_routes().merge(customer_routes()).merge(admin_routes(shop)).merge(echo)
        }
        Surface::CustomersOnly => health_routes().merge(customer_routes()),
        Surface::AdminOnly => health_routes().merge(admin_routes(shop)),
    };
    enclose(routes.with_state(shop.clone()), Arc::clone(&shop.metrics))
}

fn health_routes() -> Router<Shop> {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
}

/// With the paths that the sources spell differently as aliases.
fn customer_routes() -> Router<Shop> {
    Router::new()
        .route("/api/users", post(users::register))
        .route("/api/auth/login", post(users::login))
        .route("/api/events", get(notices::events))
        .route("/api/ws", get(notices::socket))
        .route("/api/users/me/coupons", get(coupons::list_own))
        .route("/api/products", get(products::list))
        .route("/api/products/popular", get(products::popular))
        .route("/api/products/{id}", get(products::get))
        .route("/api/points", get(points::balance))
        .route("/api/points/charge", post(points::charge))
        .route("/api/points/history", get(points::history))
        .route("/api/coupons", get(coupons::list))
        .route("/api/coupons/issue", post(coupons::request))
        .route("/coupons/issue", post(coupons::request))
        .route("/api/coupons/{id}", get(coupons::get))
        .route("/api/coupons/{id}/issue", post(coupons::issue))
        .route("/api/coupon/{id}/issue-redis", post(coupons::issue).patch(coupons::issue))
        .route("/api/requests/{requestId}", get(coupons::get_request))
        .route("/api/orders", post(orders::place).get(orders::list))
        .route("/api/orders/{orderNumber}", get(orders::get))
        .route("/api/orders/{orderNumber}/status", get(orders::status))
        .route("/orders/{orderNumber}/status", get(orders::status))
        .route("/api/orders/{orderNumber}/events", get(orders::events))
        .route("/api/orders/{orderNumber}/cancel", post(orders::cancel))
}

/// Nothing below is reached without an admin's token: the check stands in front of the routes, not in them.
fn admin_routes(shop: &Shop) -> Router<Shop> {
    Router::new()
        .route("/api/admin/products", post(products::register))
        .route("/api/admin/products/{id}", patch(products::change))
        .route("/api/admin/products/{id}/stock", post(products::adjust))
        .route("/api/admin/coupons", post(coupons::create))
        .route("/api/admin/coupons/{id}", patch(coupons::change))
        .route("/api/admin/orders", get(orders::list_all))
        .route("/api/admin/orders/{orderNumber}", get(orders::get))
        .route("/api/admin/orders/{orderNumber}/events", get(orders::events))
        .route("/api/admin/orders/{orderNumber}/cancel", post(orders::cancel))
        .route("/api/admin/orders/{orderNumber}/resume", post(orders::resume))
        .route("/api/admin/audit", get(audit::report))
        .route("/api/admin/audit/repair", post(audit::repair))
        .route_layer(middleware::from_fn_with_state(shop.clone(), admins_only))
}

async fn admins_only(State(_shop): State<Shop>, _admin: Admin, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// The store does not answer; its own words stay in the log.
fn unavailable(error: StoreError) -> Problem {
    tracing::error!("A view could not be read: {error}");
    Problem::new(Code::Unavailable, "The store does not answer; try again.")
}

fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
}

fn check_name(name: &str, violations: &mut Violations) -> Arc<str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("must have 1 to {NAME_CHARS_MAX} characters, none of them a control character");
        violations.push("#/name", "length", detail);
    }
    Arc::from(name)
}
