//! Payments whose refund or void is stuck.

use axum::extract::State;
use axum::response::Response;
use domain::payment::State as PaymentState;
use maud::html;

use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::web::format::{time, won};

const SHOWN: usize = 100;

/// `GET /admin/payments`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let payments = shop.submitter.views.payments(Some(PaymentState::Stuck), None, SHOWN).await.map_err(unavailable)?;
    let content = html! {
        h1 { (operator.say(dashboard::STUCK_PAYMENTS)) }
        @if payments.is_empty() { p.good { (operator.say(dashboard::NO_STUCK_PAYMENTS)) } } @else {
            div.card.scroll { table {
                thead { tr { th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::SINCE)) } th { (operator.say(dashboard::ERROR)) } th.end { (operator.say(dashboard::OWED)) } } }
                tbody { @for payment in &payments {
                    @let number = shop.submitter.codec.order(payment.order);
                    tr {
                        td { a.code href=(format!("/admin/orders/{number}")) { (number) } }
                        td.soft { (time(payment.updated_at)) }
                        td.bad { (payment.refusal.as_deref().unwrap_or("")) }
                        td.num.end { (won(payment.captured - payment.refunded - payment.resolved, operator.0.language)) }
                    }
                } }
            } }
        }
    };
    Ok(operator.page(operator.say(dashboard::PAYMENTS), content))
}
