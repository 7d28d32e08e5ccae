//! The endpoints: which path leads where, and what they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::audit::Snapshot;
use app::ports::StoreError;
use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, patch, post};
use domain::limits::NAME_CHARS_MAX;
use serde::{Deserialize, Serialize};

use crate::auth::{Admin, Tokens};
use crate::front::Front;
use crate::http::cursor::Cursors;
use crate::http::json::Json;
use crate::http::{BodyLimits, Code, Problem, Violations, enclose};
use crate::metrics::Metrics;
use crate::passwords::Passwords;

mod audit;
pub mod bodies;
mod coupons;
mod echo;
mod fingerprints;
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

pub use fingerprints::Fingerprints;

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
    pub fingerprints: Fingerprints,
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
    let mut routes = gather(health_routes());
    if surface != Surface::AdminOnly {
        routes = routes.merge(gather(customer_routes()));
    }
    if surface != Surface::CustomersOnly {
        // Nothing of it is reached without an admin's token: the check stands in front of the routes, not in them.
        let check = middleware::from_fn_with_state(shop.clone(), admins_only);
        routes = routes.merge(gather(admin_routes()).route_layer(check));
    }
    if surface == Surface::EverythingAndEcho {
        routes = routes.route("/bench/echo/{bytes}", post(echo::echo));
    }
    enclose(routes.with_state(shop.clone()), Arc::clone(&shop.metrics))
}

/// Every path of a shop.
pub fn paths() -> impl Iterator<Item = &'static str> {
    [health_routes(), customer_routes(), admin_routes()].into_iter().flatten().map(|(path, _)| path)
}

type Routes = Vec<(&'static str, MethodRouter<Shop>)>;

fn gather(routes: Routes) -> Router<Shop> {
    routes.into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods))
}

fn health_routes() -> Routes {
    vec![("/livez", get(health::live)), ("/readyz", get(health::ready)), ("/metrics", get(health::metrics))]
}

/// With the paths that the sources spell differently as aliases.
fn customer_routes() -> Routes {
    vec![
        ("/api/users", post(users::register)),
        ("/api/auth/login", post(users::login)),
        ("/api/events", get(notices::events)),
        ("/api/ws", get(notices::socket)),
        ("/api/users/me/coupons", get(coupons::list_own)),
        ("/api/products", get(products::list)),
        ("/api/products/popular", get(products::popular)),
        ("/api/products/{id}", get(products::get)),
        ("/api/points", get(points::balance)),
        ("/api/points/charge", post(points::charge)),
        ("/api/points/history", get(points::history)),
        ("/api/coupons", get(coupons::list)),
        ("/api/coupons/issue", post(coupons::request)),
        ("/coupons/issue", post(coupons::request)),
        ("/api/coupons/{id}", get(coupons::get)),
        ("/api/coupons/{id}/issue", post(coupons::issue)),
        ("/api/coupon/{id}/issue-redis", post(coupons::issue).patch(coupons::issue)),
        ("/api/requests/{requestId}", get(coupons::get_request)),
        ("/api/orders", post(orders::place).get(orders::list)),
        ("/api/orders/{orderNumber}", get(orders::get)),
        ("/api/orders/{orderNumber}/status", get(orders::status)),
        ("/orders/{orderNumber}/status", get(orders::status)),
        ("/api/orders/{orderNumber}/events", get(orders::events)),
        ("/api/orders/{orderNumber}/cancel", post(orders::cancel)),
    ]
}

fn admin_routes() -> Routes {
    vec![
        ("/api/admin/products", post(products::register)),
        ("/api/admin/products/{id}", patch(products::change)),
        ("/api/admin/products/{id}/stock", post(products::adjust)),
        ("/api/admin/coupons", post(coupons::create)),
        ("/api/admin/coupons/{id}", patch(coupons::change)),
        ("/api/admin/orders", get(orders::list_all)),
        ("/api/admin/orders/{orderNumber}", get(orders::get)),
        ("/api/admin/orders/{orderNumber}/events", get(orders::events)),
        ("/api/admin/orders/{orderNumber}/cancel", post(orders::cancel)),
        ("/api/admin/orders/{orderNumber}/resume", post(orders::resume)),
        ("/api/admin/audit", get(audit::report)),
        ("/api/admin/audit/repair", post(audit::repair)),
    ]
}

async fn admins_only(State(_shop): State<Shop>, _admin: Admin, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// The store does not answer; its own words stay in the log.
fn unavailable(error: StoreError) -> Problem {
    tracing::error!("A view could not be read: {error}");
    Problem::new(Code::Unavailable, "The store does not answer; try again.")
}

/// Taken in; what it becomes can be asked for soon.
fn accepted(body: impl Serialize) -> Response {
    (StatusCode::ACCEPTED, [(RETRY_AFTER, "1")], Json(body)).into_response()
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

/// Text may be anything but characters that nobody can see.
fn check_text(pointer: impl Into<String>, text: &str, violations: &mut Violations) {
    let is_unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(is_unseen) {
        violations.push(pointer, "not_text", "must not have control characters");
    }
}
