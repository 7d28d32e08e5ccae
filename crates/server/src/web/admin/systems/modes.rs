//! The processing mode of new orders with its changes, and the participants with their breakers.

use app::resilience::breaker;
use app::resilience::services::Service;
use axum::extract::State;
use axum::response::Response;
use domain::order::Choice;
use maud::{Markup, html};

use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, dashboard};
use crate::http::Problem;
use crate::web::admin::forms::{Act, Field, Kind, act};
use crate::web::admin::frame::Operator;
use crate::web::format::time;

const CHANGES_SHOWN: usize = 50;
const SERVICES: &str = "/api/admin/services";

/// `GET /admin/modes`.
pub(crate) async fn page(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let changes = shop.submitter.views.mode_changes(None, CHANGES_SHOWN).await.map_err(unavailable)?;
    let modes = changes.first().map_or(shop.modes, |change| change.modes);
    let content = html! {
        h1 { (operator.say(dashboard::MODES)) }
        div.figures {
            div.card.figure { p.label { (operator.say(dashboard::MODE)) } p.big { (modes.choice.name()) } }
            (operator.figure(dashboard::GRADUAL_PERCENT, i64::from(modes.percent)))
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (change(&operator)) }
        section.card { h2 { (operator.say(dashboard::PARTICIPANTS)) } (participants(&shop, &operator)) }
        section { h2 { (operator.say(dashboard::CHANGES)) }
            @if changes.is_empty() { p.soft { (operator.say(dashboard::NO_CHANGES)) } } @else {
                div.card.scroll { table {
                    thead { tr {
                        th { (operator.say(dashboard::AT)) } th { (operator.say(dashboard::MODE)) } th { (operator.say(dashboard::BY)) } th { (operator.say(dashboard::REASON)) }
                    } }
                    tbody { @for change in &changes { tr {
                        td.soft { (time(change.at)) }
                        td.code { (change.before.choice.name()) " → " (change.modes.choice.name()) }
                        td.num { @match change.by { Some(by) => (by.0), None => (operator.say(dashboard::BY_RULE)) } }
                        td { (change.reason) }
                    } } }
                } }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::MODES), content))
}

fn change(operator: &Operator) -> Markup {
    let choices = Choice::ALL.into_iter().map(|choice| (choice.name(), choice.name())).collect();
    let fields = vec![
        Field::new("mode", dashboard::MODE, Kind::Choice(choices)),
        Field::new("percent", dashboard::GRADUAL_PERCENT, Kind::Number(None)).optional(),
        Field::reason(),
    ];
    let (label, says) = (dashboard::CHANGE_MODE, dashboard::CHANGE_MODE_SAYS);
    act(operator, &Act { label, says, method: "PUT", path: "/api/admin/modes", fields, is_grave: false })
}

fn participants(shop: &Shop, operator: &Operator) -> Markup {
    let now = shop.submitter.clock.now();
    html! {
        @for service in Service::ALL {
            @let is_out = shop.services.is_out(service);
            @let (class, word) = condition(is_out, shop.services.state(service, now));
            div.spread { strong { (service.name()) } span class=(class) { (operator.say(word)) } }
            (switch(operator, service, is_out))
        }
        p.faint { (operator.say(dashboard::PARTICIPANTS_HERE)) }
    }
}

/// Returns what the state of a participant's breaker means, with its colour: "closed" would read as if the service were shut.
const fn condition(is_out: bool, state: breaker::State) -> (&'static str, Text) {
    match (is_out, state) {
        (true, _) => ("chip bad", dashboard::OUT_OF_SERVICE),
        (false, breaker::State::Closed) => ("chip good", dashboard::WORKING),
        (false, breaker::State::HalfOpen) => ("chip warn", dashboard::TRIED_AGAIN),
        (false, breaker::State::Open) => ("chip bad", dashboard::FAILING),
    }
}

fn switch(operator: &Operator, service: Service, is_out: bool) -> Markup {
    let (label, says, json): (Text, Text, &'static str) = if is_out {
        (dashboard::TAKE_BACK, dashboard::TAKE_BACK_SAYS, "false")
    } else {
        (dashboard::TAKE_OUT, dashboard::TAKE_OUT_SAYS, "true")
    };
    let named = Field::fixed(
        "service",
        match service {
            Service::Stock => "\"stockService\"",
            Service::Coupon => "\"couponService\"",
        },
    );
    let fields = vec![named, Field::fixed("out", json), Field::reason()];
    act(operator, &Act { label, says, method: "PUT", path: SERVICES, fields, is_grave: !is_out })
}
