//! The reader's account: logging in, registering, points and coupons.

use app::ports::views::UserCoupon;
use app::state::rows::Entry;
use axum::extract::State;
use axum::response::Response;
use domain::ids::UserId;
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::format::{count, moment, order_link, time};
use super::layout::{page, to_login};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, pages};
use crate::http::Problem;
use crate::http::query::Query;

pub(crate) mod provider_login;

const COUPONS_SHOWN: usize = 50;
const ENTRIES_SHOWN: usize = 20;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NextQuery {
    /// The page to show after logging in.
    next: Option<String>,
}

/// `GET /login`.
pub(crate) async fn login(State(shop): State<Shop>, reader: Reader, Query(query): Query<NextQuery>) -> Response {
    let say = |text: Text| text.of(reader.language);
    let next = own_path(query.next.as_deref());
    let content = html! {
        div.narrow {
            h1 { (say(pages::LOG_IN_TITLE)) }
            @if let Some(provider) = &shop.provider_login {
                p { a.button.wide href={ "/login/provider?next=" (escaped(next)) } {
                    (pages::LOG_IN_WITH.with(&provider.name).of(reader.language))
                } }
                p.or { (say(pages::OR_PASSWORD)) }
            }
            form data-form="login" data-next=(next) {
                (credentials(&reader, "current-password"))
                button.wide { (say(pages::LOG_IN)) }
                p.say role="alert" {}
                noscript { p.say.warn { (say(pages::NEEDS_SCRIPTS)) } }
            }
            p.soft { (say(pages::NEW_HERE)) " " a href="/register" { (say(pages::REGISTER_TITLE)) } }
        }
    };
    page(&reader, say(pages::LOG_IN_TITLE), content)
}

/// `GET /register`.
pub(crate) async fn register(State(_): State<Shop>, reader: Reader) -> Response {
    let say = |text: Text| text.of(reader.language);
    let content = html! {
        div.narrow {
            h1 { (say(pages::REGISTER_TITLE)) }
            form data-form="register" data-next="/" {
                label { (say(pages::NAME)) input name="name" required autocomplete="name" maxlength="200"; }
                (credentials(&reader, "new-password"))
                button.wide { (say(pages::REGISTER_TITLE)) }
                p.say role="alert" {}
                noscript { p.say.warn { (say(pages::NEEDS_SCRIPTS)) } }
            }
            p.soft { (say(pages::HAVE_ACCOUNT)) " " a href="/login" { (say(pages::LOG_IN)) } }
        }
    };
    page(&reader, say(pages::REGISTER_TITLE), content)
}

fn credentials(reader: &Reader, password: &str) -> Markup {
    let say = |text: Text| text.of(reader.language);
    html! {
        label { (say(pages::EMAIL)) input type="email" name="email" required autocomplete="username" maxlength="254"; }
        label { (say(pages::PASSWORD))
            input type="password" name="password" required minlength="8" maxlength="200" autocomplete=(password);
            span.hint { (say(pages::PASSWORD_HINT)) }
        }
    }
}

/// Returns the path as a value in an address.
fn escaped(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

/// Returns the path if it is one of this shop. Anything else would lead the reader away.
fn own_path(wanted: Option<&str>) -> &str {
    let is_own = |path: &&str| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    wanted.filter(is_own).unwrap_or("/")
}

/// `GET /account`.
pub(crate) async fn account(State(shop): State<Shop>, reader: Reader) -> Result<Response, Problem> {
    let Some(user) = reader.user_id() else { return Ok(to_login("/account")) };
    let views = &shop.submitter.views;
    let login = views.login_of(user).await.map_err(unavailable)?;
    let balance = views.balance(user).await.map_err(unavailable)?;
    let coupons = views.coupons_of(user, None, COUPONS_SHOWN).await.map_err(unavailable)?;
    let entries = views.entries_of(user, None, ENTRIES_SHOWN).await.map_err(unavailable)?;
    let say = |text: Text| text.of(reader.language);
    let name = login.map_or_else(|| shown_number(user), |login| login.name.to_string());
    let content = html! {
        section.section {
            div.spread {
                h1 { (pages::HELLO.with(name).of(reader.language)) }
                button.quiet.small type="button" data-log-out="" { (say(pages::LOG_OUT)) }
            }
            div.figures {
                div.card { p.label { (say(pages::MY_POINTS)) } p.big { (count(balance.amount())) } }
                div.card { p.label { (say(pages::MY_COUPONS)) } p.big { (active(&coupons, &reader)) } }
            }
        }
        section.section {
            div.spread { h2 { (say(pages::MY_COUPONS)) } }
            @if coupons.is_empty() {
                div.empty { p { (say(pages::NO_COUPONS)) } a.button.quiet href="/coupons" { (say(pages::SEE_COUPONS)) } }
            } @else {
                div.card.scroll { table { tbody {
                    @for held in &coupons { (coupon_row(&shop, held, &reader)) }
                } } }
            }
        }
        section.section {
            div.spread { h2 { (say(pages::POINTS_HISTORY)) } }
            @if entries.is_empty() {
                div.empty { p { (say(pages::NO_POINTS)) } }
            } @else {
                div.card.scroll { table {
                    thead { tr {
                        th { (say(pages::WHEN)) } th { (say(pages::WHAT)) }
                        th.end { (say(pages::AMOUNT)) } th.end { (say(pages::BALANCE)) }
                    } }
                    tbody { @for entry in &entries { (entry_row(&shop, entry, &reader)) } }
                } }
            }
        }
    };
    Ok(page(&reader, say(pages::ACCOUNT), content))
}

fn active(coupons: &[UserCoupon], reader: &Reader) -> usize {
    coupons.iter().filter(|held| held.coupon.used_order.is_none() && held.valid_until > reader.now).count()
}

fn coupon_row(shop: &Shop, held: &UserCoupon, reader: &Reader) -> Markup {
    let (class, status) = match held.coupon.used_order {
        Some(_) => ("chip", pages::COUPON_USED),
        None if held.valid_until <= reader.now => ("chip", pages::COUPON_EXPIRED),
        None => ("chip good", pages::COUPON_ACTIVE),
    };
    html! {
        tr {
            td.num { strong { (pages::NUMBER_OF.with(count(held.coupon.issue_number)).of(reader.language)) } }
            td.code { (held.coupon.code) }
            td.faint.num { (pages::USE_UNTIL.with(moment(held.valid_until)).of(reader.language)) }
            td.end {
                @if let Some(order) = held.coupon.used_order { (order_link(&shop.submitter.codec.order(order))) " " }
                span class=(class) { (status.of(reader.language)) }
            }
        }
    }
}

fn entry_row(shop: &Shop, entry: &Entry, reader: &Reader) -> Markup {
    let is_gain = entry.to_account == entry.user.0;
    let amount = if is_gain { entry.amount.amount() } else { -entry.amount.amount() };
    let what = match entry.kind {
        "CHARGED" => pages::POINTS_CHARGED,
        "RESTORED" => pages::POINTS_RESTORED,
        _ => pages::POINTS_USED,
    };
    html! {
        tr {
            td.soft { (time(entry.at)) }
            td { (what.of(reader.language)) @if let Some(order) = entry.order { " " (order_link(&shop.submitter.codec.order(order))) } }
            td.num.end.good[is_gain] { (if is_gain { "+" } else { "" }) (count(amount)) }
            td.num.end { (count(entry.balance.amount())) }
        }
    }
}

/// A user whose token was made by an operator has no name.
fn shown_number(user: UserId) -> String {
    format!("#{}", user.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logging_in_leads_to_pages_of_this_shop_only() {
        let check = |wanted: &str, expected: &str| assert_eq!(own_path(Some(wanted)), expected, "{wanted}");
        check("/coupons", "/coupons");
        check("/checkout?product=1&quantity=2", "/checkout?product=1&quantity=2");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""] {
            check(elsewhere, "/");
        }
    }
}
