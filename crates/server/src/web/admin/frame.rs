//! The frame of the dashboard, and who may see it.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::api::Shop;
use crate::api::texts::{Text, dashboard, pages};
use crate::api::users::staff::role_in_force;
use crate::openapi::{Describes, Operation};
use crate::security::auth::{Principal, Role};
use crate::web::format::count;
use crate::web::layout::{Frame, answer, language_link, mark, nothing_here, to_login};
use crate::web::reader::Reader;

/// The parts of the dashboard.
const MENU: [(&str, Text); 13] = [
    ("/admin", dashboard::NOW),
    ("/admin/orders", dashboard::ORDERS),
    ("/admin/products", dashboard::PRODUCTS),
    ("/admin/drops", pages::DROPS),
    ("/admin/coupons", dashboard::CAMPAIGNS),
    ("/admin/payments", dashboard::PAYMENTS),
    ("/admin/messages", dashboard::MESSAGES),
    ("/admin/events", dashboard::EVENTS),
    ("/admin/webhooks", dashboard::WEBHOOKS),
    ("/admin/modes", dashboard::MODES),
    ("/admin/audit", dashboard::AUDIT),
    ("/admin/people", dashboard::PEOPLE),
    ("/admin/trail", dashboard::TRAIL),
];

/// A reader of the staff, in the role that they have now. Visitors are sent to the login page; customers find nothing here.
pub(crate) struct Operator(pub(crate) Reader);

impl FromRequestParts<Shop> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Operator, Response> {
        let Ok(reader) = Reader::from_request_parts(parts, shop).await;
        let Some(user) = reader.user else { return Err(to_login(&reader.path)) };
        match role_in_force(shop, user).await {
            Ok(role) if role >= Role::Viewer => {
                Ok(Operator(Reader { user: Some(Principal { role, ..user }), ..reader }))
            }
            Ok(_) => Err(nothing_here(&reader)),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// Describes nothing: pages are not listed in the document.
impl Describes for Operator {
    fn describe(_: &mut Operation) {}
}

impl Operator {
    pub(crate) fn say(&self, text: Text) -> &'static str {
        text.of(self.0.language)
    }

    /// Returns true if the reader is an admin now.
    pub(crate) fn is_admin(&self) -> bool {
        self.0.user.is_some_and(|user| user.role == Role::Admin)
    }

    /// Returns a number that stands alone, with its name.
    pub(crate) fn figure(&self, label: Text, number: i64) -> Markup {
        html! { div.card.figure { p.label { (self.say(label)) } p.big { (count(number)) } } }
    }

    /// Returns a page of the dashboard.
    pub(crate) fn page(&self, title: &str, content: Markup) -> Response {
        self.framed(StatusCode::OK, title, &content)
    }

    /// Returns the page for something that does not exist.
    pub(crate) fn nothing(&self) -> Response {
        let content = html! { h1 { (self.say(pages::NOTHING_HERE)) } };
        self.framed(StatusCode::NOT_FOUND, self.say(pages::NOTHING_HERE), &content)
    }

    fn framed(&self, status: StatusCode, title: &str, content: &Markup) -> Response {
        let body = html! {
            a.skip href="#content" { (self.say(pages::SKIP)) }
            div.desk {
                (self.rail())
                main #content { (content) }
            }
        };
        answer(status, &self.0, Frame { title, styles: &["base.css", "admin.css"], script: "admin.js", body })
    }

    fn rail(&self) -> Markup {
        let is_current =
            |path: &str| if path == "/admin" { self.0.path == path } else { self.0.path.starts_with(path) };
        html! {
            header.rail {
                a.mark href="/admin" { (mark()) span { "Doorbuster" } }
                nav aria-label=(self.say(pages::MAIN_MENU)) {
                    @for (path, name) in MENU {
                        a href=(path) aria-current=[is_current(path).then_some("page")] { (self.say(name)) }
                    }
                }
                div.side {
                    a href="/" { (self.say(dashboard::TO_SHOP)) }
                    a href="/docs" { (self.say(pages::API_REFERENCE)) }
                    (language_link(self.0.language))
                    button.quiet.small type="button" data-log-out="" { (self.say(pages::LOG_OUT)) }
                }
            }
        }
    }
}
