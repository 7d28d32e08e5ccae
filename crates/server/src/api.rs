//! The HTTP endpoints: their routes, and what they share.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::HeaderValue;
use axum::middleware;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use bytes::Bytes;
use serde_json::Value;

use crate::http::envelope::tag_by_content;
use crate::http::{enclose, fallback};
use crate::openapi::{self, Operation};
use crate::security::provider_login::RETURN_PATH;
use crate::web;

mod coupons;
mod docs;
mod fulfilment;
pub mod messaging;
mod modes;
mod notices;
pub(crate) mod orders;
mod payments;
pub(crate) mod products;
pub mod request;
pub mod response;
pub mod shop;
pub mod texts;
pub mod users;

use docs::shop as about;
use request::admission::{Admission, staff_only};
pub use request::fingerprints::Fingerprints;
use request::routes::Routes;
use shop::reference::Document;
pub use shop::state::{Components, Inner, Log, Payments, Shop, Snapshots};

/// The endpoints that a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Everything,
    /// Everything, and the baseline endpoint of `doorbuster bench`.
    EverythingAndEcho,
    CustomersOnly,
    AdminOnly,
    /// Probes, metrics and documents.
    HealthOnly,
    /// Probes and documents, without the metrics, which the admin listener serves.
    ProbesOnly,
}

/// Returns the router of one listener, with all of its layers.
pub fn router(shop: &Shop, surface: Surface) -> Router {
    let keep = middleware::map_response_with_state(HeaderValue::from_static("no-cache"), tagged);
    let mut routes = open_routes().router().merge(document_routes().router().route_layer(keep));
    routes = routes.layer(Extension(Document(&DOCUMENT)));
    let pages = middleware::from_fn_with_state(shop.clone(), web::layout::for_browsers);
    // Metrics reveal figures of the business: where admins have a listener of their own, only that one serves them.
    if !matches!(surface, Surface::CustomersOnly | Surface::ProbesOnly) {
        routes = routes.merge(metrics_route().router());
    }
    let has_storefront = !matches!(surface, Surface::AdminOnly | Surface::HealthOnly | Surface::ProbesOnly);
    if has_storefront {
        let mut catalogue = catalogue_routes().router();
        if let Some(keep) = shop.edge.catalogue_kept.clone() {
            catalogue = catalogue.route_layer(middleware::map_response_with_state(keep, tagged));
        }
        routes = routes
            .merge(customer_routes().router())
            .merge(catalogue)
            .merge(page_routes().router().layer(pages.clone()));
    } else {
        routes = routes.merge(root_route().router());
    }
    if !matches!(surface, Surface::CustomersOnly | Surface::HealthOnly | Surface::ProbesOnly) {
        // The admin check is a layer in front of the routes, so that no route can lack it.
        let actions = admin_routes().operations().map(|operation| ((operation.method, operation.path), operation.id));
        let admission = Admission { shop: shop.clone(), actions: Arc::new(actions.collect()) };
        let check = middleware::from_fn_with_state(admission, staff_only);
        let dashboard = dashboard_routes().router().layer(pages);
        routes = routes.merge(admin_routes().router().route_layer(check)).merge(dashboard);
    }
    if !matches!(surface, Surface::HealthOnly | Surface::ProbesOnly) {
        routes = routes.merge(session_routes().and(manual_routes()).router());
    }
    if shop.limits.are_set() {
        routes = routes.layer(middleware::from_fn_with_state(shop.clone(), request::limiting::limited));
    }
    if surface == Surface::EverythingAndEcho {
        routes = routes.route("/bench/echo/{bytes}", post(shop::echo::echo));
    }
    // Only a listener with a storefront has a page for unknown addresses.
    routes =
        if has_storefront { routes.fallback(web::layout::no_page) } else { routes.fallback(fallback::route_not_found) };
    enclose(routes.with_state(shop.clone()), Arc::clone(&shop.metrics), shop.edge.clone())
}

/// Returns the description of every endpoint.
pub fn operations() -> Vec<Operation> {
    [
        open_routes(),
        document_routes(),
        manual_routes(),
        catalogue_routes(),
        metrics_route(),
        session_routes(),
        page_routes(),
        dashboard_routes(),
        customer_routes(),
        admin_routes(),
    ]
    .into_iter()
    .flat_map(Routes::operations)
    .collect()
}

/// The document is the same for every shop of this version, so it is rendered once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));

/// Returns the OpenAPI document that `/openapi.json` serves.
pub fn document() -> Value {
    openapi::document(&operations())
}

/// The routes that every listener serves.
fn open_routes() -> Routes {
    Routes::default()
        .get("/livez", shop::health::live, about::live())
        .get("/readyz", shop::health::ready, about::ready())
        .get("/startupz", shop::health::started, about::started())
        .get("/info", shop::health::info, about::info())
}

/// The documents, which change with the program only.
fn document_routes() -> Routes {
    Routes::default()
        .get("/openapi.json", shop::reference::document, about::document())
        .get("/docs", shop::reference::page, about::page())
        .get("/docs/reference.js", shop::reference::script, about::part())
        .get("/docs/reference.css", shop::reference::style, about::part())
        .get("/docs/samples.js", shop::reference::samples, about::part())
        .get("/docs/calling.js", shop::reference::calling, about::part())
        .get("/docs/search.json", web::manual::search, about::part())
}

/// The manual, whose pages need the files of all pages.
fn manual_routes() -> Routes {
    Routes::default()
        .get("/docs/index", web::manual::index, about::storefront())
        .get("/docs/{page}", web::manual::page, about::storefront())
        .get("/docs/{section}/{page}", web::manual::page, about::storefront())
}

fn metrics_route() -> Routes {
    Routes::default().get("/metrics", shop::health::metrics, about::metrics())
}

/// The storefront's pages.
fn page_routes() -> Routes {
    Routes::default()
        .get("/", web::catalogue::home, about::storefront())
        .get("/products/{id}", web::catalogue::product, about::storefront())
        .get("/drops", web::drops::list, about::storefront())
        .get("/drops/{id}", web::drops::one, about::storefront())
        .get("/coupons", web::coupons::list, about::storefront())
        .get("/register", web::account::register, about::storefront())
        .get("/account", web::account::account, about::storefront())
        .get("/checkout", web::checkout::checkout, about::storefront())
        .get("/orders", web::orders::list, about::storefront())
        .get("/orders/{orderNumber}", web::orders::get, about::storefront())
        .get("/payments/scripted/{paymentId}", web::paying::page, about::storefront())
        .post("/payments/scripted/{paymentId}/approve", web::paying::approve, about::storefront())
        .post("/payments/scripted/{paymentId}/decline", web::paying::decline, about::storefront())
}

/// The dashboard's pages.
fn dashboard_routes() -> Routes {
    use web::admin;
    Routes::default()
        .get("/admin", admin::now::page, about::storefront())
        .get("/admin/orders", admin::orders::list, about::storefront())
        .get("/admin/orders/{orderNumber}", admin::order::page, about::storefront())
        .get("/admin/products", admin::products::list, about::storefront())
        .get("/admin/products/{id}", admin::products::page, about::storefront())
        .get("/admin/drops", admin::drops::list, about::storefront())
        .get("/admin/drops/{id}", admin::drops::page, about::storefront())
        .get("/admin/coupons", admin::campaigns::list, about::storefront())
        .get("/admin/coupons/{id}", admin::campaigns::page, about::storefront())
        .get("/admin/payments", admin::payments::list, about::storefront())
        .get("/admin/messages", admin::messages::list, about::storefront())
        .get("/admin/messages/topics", admin::messages::topics::page, about::storefront())
        .get("/admin/messages/groups/{group}", admin::messages::groups::page, about::storefront())
        .get("/admin/messages/{id}", admin::messages::page, about::storefront())
        .get("/admin/events", admin::systems::events::list, about::storefront())
        .get("/admin/webhooks", admin::systems::webhooks::list, about::storefront())
        .get("/admin/webhooks/{id}", admin::systems::webhooks::page, about::storefront())
        .get("/admin/webhooks/{id}/deliveries/{deliveryId}", admin::systems::webhooks::delivery, about::storefront())
        .get("/admin/modes", admin::systems::modes::page, about::storefront())
        .get("/admin/audit", admin::audit::page, about::storefront())
        .get("/admin/people", admin::people::page, about::storefront())
        .get("/admin/trail", admin::systems::trail::list, about::storefront())
}

/// What customers' and admins' browsers need alike: the login page, the session, and the files of all pages.
fn session_routes() -> Routes {
    use docs::people;
    Routes::default()
        .get("/login", web::account::login, about::storefront())
        .get("/login/provider", web::account::provider_login::start, about::storefront())
        .get(RETURN_PATH, web::account::provider_login::come_back, about::storefront())
        .get(web::assets::PATH, web::assets::serve, about::part())
        .post("/api/auth/session", users::sessions::start, people::start_session())
        .delete("/api/auth/session", users::sessions::end, people::end_session())
        .get("/api/users/me", users::sessions::me, people::me())
        .post("/api/users/me/password", users::staff::change_password, people::change_password())
        .get("/api/users/me/notification-settings", users::notifications::get, people::notification_settings())
        .put("/api/users/me/notification-settings", users::notifications::put, people::change_notification_settings())
}

/// Leads to the reference, on listeners without a storefront.
fn root_route() -> Routes {
    Routes::default().get("/", shop::reference::root, about::part())
}

/// The routes whose answers are the same for all visitors.
fn catalogue_routes() -> Routes {
    use docs::{coupons as coupon, products as product};
    Routes::default()
        .get("/api/products", products::listing::list, product::list())
        .get("/api/products/popular", products::popular, product::popular())
        .get("/api/products/{id}", products::get, product::get())
        .get("/api/coupons", coupons::listing::list, coupon::list())
        .get("/api/coupons/{id}", coupons::get, coupon::get())
}

/// The customers' routes. Paths that the sources spell differently are aliases.
fn customer_routes() -> Routes {
    use docs::{
        coupons as coupon, fulfilment as fulfil, orders as order, payments as payment, people, products as product,
    };
    const ISSUE: &str = "POST /api/coupons/{id}/issue";
    Routes::default()
        .post("/api/users", users::register, people::register())
        .post("/api/auth/login", users::login, people::login())
        .get("/api/events", notices::events, people::events())
        .get("/api/ws", notices::socket, people::socket())
        .get("/api/users/me/coupons", coupons::list_own, coupon::list_own())
        .get("/api/drops", products::drops::list, docs::drops::list())
        .get("/api/drops/root", products::proof::root, docs::drops::root())
        .get("/api/drops/{id}", products::drops::get, docs::drops::get())
        .get("/api/drops/{id}/proof", products::proof::get, docs::drops::proof())
        .post("/api/drops/{id}/queue", products::waiting::join, docs::drops::join())
        .get("/api/drops/{id}/queue", products::waiting::get, docs::drops::queue())
        .delete("/api/drops/{id}/queue", products::waiting::leave, docs::drops::leave())
        .get("/api/orders/{orderNumber}/receipt", products::proof::receipt, docs::drops::receipt())
        .get("/api/points", users::points::balance, product::balance())
        .post("/api/points/charge", users::points::charge, product::charge())
        .get("/api/points/history", users::points::history, product::history())
        .post("/api/coupons/issue", coupons::request, coupon::request())
        .post(
            "/coupons/issue",
            coupons::request,
            coupon::request().alias("requestCouponAlias", "POST /api/coupons/issue"),
        )
        .post("/api/coupons/{id}/issue", coupons::issue, coupon::issue())
        .post("/api/coupon/{id}/issue-redis", coupons::issue, coupon::issue().alias("issueCouponAlias", ISSUE))
        .patch("/api/coupon/{id}/issue-redis", coupons::issue, coupon::issue().alias("issueCouponPatchAlias", ISSUE))
        .get("/api/coupons/{id}/proof", coupons::receipts::proof, coupon::proof())
        .get("/api/coupons/{id}/receipts/{userCouponId}", coupons::receipts::receipt, coupon::own_receipt())
        .get("/api/requests/{requestId}", coupons::get_request, coupon::get_own_request())
        .post("/api/orders", orders::place, order::place())
        .get("/api/orders", orders::listing::list_own, order::list())
        .get("/api/orders/{orderNumber}", orders::get, order::get())
        .get("/api/orders/{orderNumber}/status", orders::status::get, order::status())
        .get(
            "/orders/{orderNumber}/status",
            orders::status::get,
            order::status().alias("getOrderStatusAlias", "GET /api/orders/{orderNumber}/status"),
        )
        .get("/api/orders/{orderNumber}/events", orders::events, order::events())
        .post("/api/orders/{orderNumber}/cancel", orders::cancel, order::cancel())
        .post("/api/payments/callbacks/{provider}", payments::callback, payment::callback())
        .post("/api/orders/{orderNumber}/refund", fulfilment::refunds::refund, fulfil::refund())
        .post("/api/orders/{orderNumber}/pay", fulfilment::paying::pay, fulfil::pay())
        .post(
            "/orders/{orderNumber}/pay",
            fulfilment::paying::pay,
            fulfil::pay().alias("payOrderAlias", "POST /api/orders/{orderNumber}/pay"),
        )
        .post("/api/orders/{orderNumber}/process-payment-shipment", fulfilment::process, fulfil::process())
        .post(
            "/orders/{orderNumber}/process-payment-shipment",
            fulfilment::process,
            fulfil::process().alias("processOrderAlias", "POST /api/orders/{orderNumber}/process-payment-shipment"),
        )
}

fn admin_routes() -> Routes {
    use docs::orders::of_any;
    use docs::{coupons as coupon, fulfilment as fulfil, orders as order, payments as payment, products as product};
    let get = of_any(order::get(), "getAnyOrder", "Get any order");
    let status = of_any(order::status(), "getAnyOrderStatus", "Get the status of any order");
    let events = of_any(order::events(), "listAnyOrderEvents", "List the events of any order");
    let refund = of_any(fulfil::refund(), "refundAnyOrder", "Refund any order");
    let cancel = of_any(order::cancel(), "cancelAnyOrder", "Cancel any order");
    let request = of_any(coupon::get_request(), "getAnyCouponRequest", "Get any coupon request");
    let receipt = of_any(coupon::receipt(), "getAnyCouponReceipt", "Get the receipt of any coupon");
    Routes::default()
        .post("/api/admin/products", products::register, product::register())
        .get("/api/admin/products", products::listing::list_stocked, product::list_stocked())
        .get("/api/admin/products/{id}", products::get_stocked, product::get_stocked())
        .patch("/api/admin/products/{id}", products::change, product::change())
        .post("/api/admin/products/{id}/stock", products::adjust, product::adjust())
        .post("/api/admin/drops", products::drops::create, docs::drops::create())
        .get("/api/admin/drops/{id}", products::drops::get_tagged, docs::drops::get_tagged())
        .post("/api/admin/drops/{id}/release", products::drops::release, docs::drops::release())
        .patch("/api/admin/drops/{id}", products::drops::change, docs::drops::change())
        .post("/api/admin/coupons", coupons::create, coupon::create())
        .get("/api/admin/coupons", coupons::listing::list_found, coupon::list_found())
        .get("/api/admin/coupons/{id}", coupons::get_any, coupon::get_any())
        .patch("/api/admin/coupons/{id}", coupons::change, coupon::change())
        .get("/api/admin/coupons/{id}/receipts/{userCouponId}", coupons::receipts::receipt, receipt)
        .get("/api/admin/requests/{requestId}", coupons::get_request, request)
        .get("/api/admin/orders", orders::listing::list_all, order::list_all())
        .get("/api/admin/orders/{orderNumber}", orders::get, get)
        .get("/api/admin/orders/{orderNumber}/status", orders::status::get, status)
        .get("/api/admin/orders/{orderNumber}/events", orders::events, events)
        .post("/api/admin/orders/{orderNumber}/cancel", orders::cancel, cancel)
        .post("/api/admin/orders/{orderNumber}/refund", fulfilment::refunds::refund, refund)
        .post("/api/admin/orders/{orderNumber}/refund/approve", fulfilment::refunds::approve, fulfil::approve_refund())
        .post("/api/admin/orders/{orderNumber}/refund/reject", fulfilment::refunds::reject, fulfil::reject_refund())
        .post("/api/admin/orders/{orderNumber}/refund/arrived", fulfilment::refunds::arrived, fulfil::take_in_refund())
        .post("/api/admin/orders/{orderNumber}/resume", orders::stuck::resume, order::resume())
        .post("/api/admin/orders/{orderNumber}/extend", orders::hold::extend, order::extend())
        .post("/api/admin/orders/{orderNumber}/resolve", orders::stuck::resolve, order::resolve())
        .get("/api/admin/shipments", fulfilment::shipments::list, fulfil::list_shipments())
        .get("/api/admin/shipments/{orderNumber}", fulfilment::shipments::get, fulfil::get_shipment())
        .patch("/api/admin/shipments/{orderNumber}", fulfilment::shipments::change, fulfil::change_shipment())
        .get("/api/admin/warehouse", fulfilment::shipments::list_stored, fulfil::list_stored())
        .get("/api/admin/warehouse/{orderNumber}", fulfilment::shipments::get_stored, fulfil::get_stored())
        .patch("/api/admin/warehouse/{orderNumber}", fulfilment::shipments::change_stored, fulfil::change_stored())
        .get("/api/admin/payments", payments::stuck::list, payment::list())
        .get("/api/admin/payments/{paymentId}", payments::stuck::get, payment::get())
        .post("/api/admin/payments/{paymentId}/retry", payments::stuck::retry, payment::retry())
        .post("/api/admin/payments/{paymentId}/resolve", payments::stuck::resolve, payment::resolve())
        .get("/api/admin/payments/script", payments::script, payment::script())
        .post("/api/admin/payments/script", payments::set_script, payment::set_script())
        .post("/api/admin/users", users::staff::invite, docs::people::invite())
        .get("/api/admin/users", users::staff::list, docs::people::list_staff())
        .patch("/api/admin/users/{id}", users::staff::change, docs::people::change_staff())
        .get("/api/admin/trail", users::trail::list, docs::people::trail())
        .post("/api/admin/api-keys", users::api_keys::create, docs::people::create_api_key())
        .get("/api/admin/api-keys", users::api_keys::list, docs::people::list_api_keys())
        .delete("/api/admin/api-keys/{id}", users::api_keys::revoke, docs::people::revoke_api_key())
        .and(operation_routes())
        .and(webhook_routes())
        .for_admins()
}

/// The routes by which operators see and change the shop's own work: modes, services, messages, history, statistics, the audit.
fn operation_routes() -> Routes {
    use docs::{dead_letters as letter, events as event, groups as group, modes as mode, statistics as statistic};
    Routes::default()
        .get("/api/admin/modes", modes::get, mode::get())
        .put("/api/admin/modes", modes::put, mode::put())
        .get("/api/admin/services", messaging::services::list, mode::list_services())
        .put("/api/admin/services", messaging::services::put, mode::switch_service())
        .get("/api/admin/modes/changes", modes::changes, mode::changes())
        .get("/api/admin/dead-letters", messaging::dead_letters::list, letter::list())
        .get("/api/admin/dead-letters/{id}", messaging::dead_letters::get, letter::get())
        .patch("/api/admin/dead-letters/{id}", messaging::dead_letters::edit, letter::edit())
        .post("/api/admin/dead-letters/{id}/resend", messaging::dead_letters::resend, letter::resend())
        .post("/api/admin/dead-letters/{id}/drop", messaging::dead_letters::drop, letter::drop())
        .get("/api/admin/events", messaging::events::list, event::list())
        .get("/api/admin/coupons/{id}/history", messaging::history::of_campaign, event::of_campaign())
        .get("/api/admin/products/{id}/history", messaging::history::of_product, event::of_product())
        .get("/api/admin/orders/{orderNumber}/history", messaging::history::of_order, event::of_order())
        .get("/api/admin/users/{id}/history", messaging::history::of_user, event::of_user())
        .get("/api/admin/groups", messaging::groups::list, group::list())
        .post("/api/admin/groups/{group}/reset", messaging::groups::reset, group::reset())
        .get("/api/admin/topics", messaging::topics::list, group::topics())
        .get("/api/admin/now", shop::now::get, about::now())
        .get("/api/admin/alerts", messaging::alerts::list, about::alerts())
        .get("/api/admin/log-level", shop::log_level::get, about::log_level())
        .put("/api/admin/log-level", shop::log_level::put, about::set_log_level())
        .get("/api/admin/statistics/coupons", shop::statistics::coupons, statistic::coupons())
        .get("/api/admin/statistics/orders", shop::statistics::orders, statistic::orders())
        .get("/api/admin/audit", shop::audit::report, about::audit())
        .post("/api/admin/audit/repair", shop::audit::repair, about::repair())
        .post("/api/admin/archive", shop::archive::archive_events, about::archive())
}

fn webhook_routes() -> Routes {
    use docs::webhooks as hook;
    use messaging::webhooks::{self, deliveries};
    Routes::default()
        .post("/api/admin/webhooks", webhooks::create, hook::create())
        .get("/api/admin/webhooks", webhooks::list, hook::list())
        .get("/api/admin/webhooks/event-types", webhooks::event_types, hook::event_types())
        .get("/api/admin/webhooks/{id}", webhooks::get, hook::get())
        .patch("/api/admin/webhooks/{id}", webhooks::change, hook::change())
        .delete("/api/admin/webhooks/{id}", webhooks::remove, hook::remove())
        .get("/api/admin/webhooks/{id}/secret", webhooks::secret, hook::secret())
        .post("/api/admin/webhooks/{id}/secret/rotate", webhooks::rotate, hook::rotate())
        .post("/api/admin/webhooks/{id}/test", deliveries::test, hook::test())
        .get("/api/admin/webhooks/{id}/deliveries", deliveries::list, hook::list_deliveries())
        .get("/api/admin/webhooks/{id}/deliveries/{deliveryId}", deliveries::get, hook::get_delivery())
        .post("/api/admin/webhooks/{id}/deliveries/{deliveryId}/resend", deliveries::resend, hook::resend())
        .post("/api/admin/webhooks/{id}/recover", deliveries::recover, hook::recover())
        .post("/api/admin/webhooks/{id}/replay", deliveries::replay, hook::replay())
}

/// Tags an answer by its content; `keep` says how long it may be kept.
async fn tagged(State(keep): State<HeaderValue>, response: Response) -> Response {
    tag_by_content(response, keep).await
}
