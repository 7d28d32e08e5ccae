//! The frame around every page.

use app::payments::currency;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::header::{ACCEPT, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::currency::Currency;
use maud::{DOCTYPE, Markup, html};

use super::assets::address;
use super::reader::Reader;
use crate::api::Shop;
use crate::api::texts::{Text, pages};
use crate::http::Problem;
use crate::http::fallback::no_such_route;
use crate::http::language::Language;
use crate::http::weight::weight;

/// A page loads its own files and calls this shop; pictures of products may come from elsewhere over HTTPS.
pub(crate) const POLICY: &str = "default-src 'self'; img-src 'self' https:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// A page depends on who reads it, and in which language.
const VARIES: HeaderValue = HeaderValue::from_static("accept-language, cookie");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const NO_DEVICES: HeaderValue = HeaderValue::from_static("camera=(), geolocation=(), microphone=()");

/// The parts of the menu.
const MENU: [(&str, Text); 4] =
    [("/", pages::SHOP), ("/drops", pages::DROPS), ("/coupons", pages::COUPONS), ("/orders", pages::ORDERS)];

/// A document's title, files and body.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    pub(crate) styles: &'a [&'a str],
    pub(crate) script: &'a str,
    pub(crate) body: Markup,
}

/// Returns a page of the storefront.
pub(crate) fn page(reader: &Reader, title: &str, content: Markup) -> Response {
    page_with(StatusCode::OK, reader, title, &content)
}

/// Returns the page for an address that shows nothing to this reader.
pub(crate) fn nothing_here(reader: &Reader) -> Response {
    let say = |text: Text| text.of(reader.language);
    let content = html! {
        div.narrow {
            h1 { (say(pages::NOTHING_HERE)) }
            p.soft { (say(pages::NOTHING_HERE_HINT)) }
            p { a.button href="/" { (say(pages::BACK_TO_SHOP)) } }
        }
    };
    page_with(StatusCode::NOT_FOUND, reader, say(pages::NOTHING_HERE), &content)
}

/// Shows a browser a page instead of a problem document about something that does not exist.
pub(crate) async fn for_browsers(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let wanted = wants_page(&parts).then(|| parts.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    let is_nothing = response.status() == StatusCode::NOT_FOUND && response.extensions().get::<Problem>().is_some();
    match wanted.filter(|_| is_nothing) {
        Some(parts) => nothing_for(&shop, parts).await,
        None => response,
    }
}

/// The answer to every unknown path: a page for a browser, a problem document for all others.
pub(crate) async fn no_page(State(shop): State<Shop>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if wants_page(&parts) {
        return nothing_for(&shop, parts).await;
    }
    no_such_route(&parts.method, &parts.uri).into_response()
}

async fn nothing_for(shop: &Shop, mut parts: Parts) -> Response {
    let Ok(reader) = Reader::from_request_parts(&mut parts, shop).await;
    nothing_here(&reader)
}

/// Returns true if a browser asks for a page. Clients of the API say that they take HTML by no more than `*/*`.
fn wants_page(parts: &Parts) -> bool {
    let is_read = parts.method == Method::GET || parts.method == Method::HEAD;
    is_read && !parts.uri.path().starts_with("/api/") && takes_html(&parts.headers)
}

fn takes_html(headers: &HeaderMap) -> bool {
    let given = headers.get_all(ACCEPT).iter().filter_map(|header| header.to_str().ok());
    given.flat_map(|header| header.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_html = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("text/html"));
        is_html && parts.all(|parameter| weight(parameter) > 0)
    })
}

/// Sends the reader to the login page, and back afterwards.
pub(crate) fn to_login(path: &str) -> Response {
    let to = format!("/login?next={}", form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>());
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// Returns a page of the storefront with a status.
pub(crate) fn page_with(status: StatusCode, reader: &Reader, title: &str, content: &Markup) -> Response {
    let body = html! {
        a.skip href="#content" { (pages::SKIP.of(reader.language)) }
        (top(reader))
        main #content { div.wrap { (content) } }
        (foot(reader))
    };
    answer(status, reader, Frame { title, styles: &["base.css", "store.css"], script: "store.js", body })
}

/// Returns a document with the headers of every page.
pub(crate) fn answer(status: StatusCode, reader: &Reader, frame: Frame<'_>) -> Response {
    let headers = [
        (CONTENT_TYPE, HTML),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (PERMISSIONS, NO_DEVICES),
        (VARY, VARIES),
        (CONTENT_LANGUAGE, HeaderValue::from_static(reader.language.tag())),
    ];
    (status, headers, document(reader, frame).into_string()).into_response()
}

fn document(reader: &Reader, frame: Frame<'_>) -> Markup {
    let foreign = Some(currency::of_shop()).filter(|currency| *currency != Currency::KRW);
    html! {
        (DOCTYPE)
        html lang=(reader.language.tag()) data-currency=[foreign.map(Currency::code)] data-digits=[foreign.map(Currency::digits)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · Doorbuster" }
                link rel="icon" type="image/svg+xml" href=(address("mark.svg"));
                @for style in frame.styles { link rel="stylesheet" href=(address(style)); }
                script type="module" src=(address(frame.script)) {}
            }
            body { (frame.body) }
        }
    }
}

fn top(reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    let is_current = |path: &str| if path == "/" { reader.path == "/" } else { reader.path.starts_with(path) };
    html! {
        header.top {
            div.wrap {
                a.mark href="/" { (mark()) span { "Doorbuster" } }
                nav aria-label=(say(pages::MAIN_MENU)) {
                    @for (path, name) in MENU {
                        a href=(path) aria-current=[is_current(path).then_some("page")] { (say(name)) }
                    }
                }
                div.side {
                    @match reader.user {
                        Some(user) => {
                            @if user.is_staff() { a href="/admin" { (say(pages::DASHBOARD)) } }
                            a href="/account" { (say(pages::ACCOUNT)) }
                        }
                        None => a href="/login" { (say(pages::LOG_IN)) },
                    }
                    (language_link(reader.language))
                }
            }
        }
    }
}

fn foot(reader: &Reader) -> Markup {
    html! {
        footer.foot {
            div.wrap {
                span { (pages::FOOTER.of(reader.language)) }
                nav { a href="/docs" { (pages::API_REFERENCE.of(reader.language)) } }
            }
        }
    }
}

/// Switches to the other language.
pub(crate) fn language_link(language: Language) -> Markup {
    let other = other(language);
    html! { a href="#" lang=(other.tag()) data-language=(other.tag()) { (other.own_name()) } }
}

/// The shop's mark: a door ajar.
pub(crate) fn mark() -> Markup {
    html! {
        svg viewBox="0 0 22 26" aria-hidden="true" focusable="false" {
            path.slab d="M0 0h13v26H0z" {}
            path.gap d="M13 0l9 4v18l-9 4z" {}
        }
    }
}

const fn other(language: Language) -> Language {
    match language {
        Language::English => Language::Korean,
        Language::Korean => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_what_it_takes() {
        let takes = |accept: &str| takes_html(&[(ACCEPT, accept.parse().unwrap())].into_iter().collect());
        assert!(takes("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(takes("application/json, TEXT/HTML ;q=0.1"));
        for other in ["*/*", "text/*", "application/json", "text/html;q=0", "text/html; q=0.0, */*", "text/htmlx", ""] {
            assert!(!takes(other), "{other}");
        }
        assert!(!takes_html(&HeaderMap::new()));
    }
}
