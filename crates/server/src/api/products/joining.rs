//! Checks before a client joins a waiting room: the customer's ticket, then the limit of the network, then a challenge. A
//! customer who has a ticket passes. The engine is asked only afterwards.

use std::net::IpAddr;

use app::state::rows::BuyerKey;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::drops::TicketStatus;
use domain::ids::{DropId, UserId};
use serde_json::json;

use crate::api::Shop;
use crate::api::response::refusals::{drop_not_found, unavailable};
use crate::api::texts::details;
use crate::http::connections::Peer;
use crate::http::{Code, Problem};
use crate::openapi::{Describes, Operation, Parameter, Place};
use crate::security::login_attempts::seconds;

const TOKEN: &str = "challenge-token";
/// Tokens of the known services have up to some 3,000 characters.
const TOKEN_MAX: usize = 8_192;

/// The client of a join.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    address: Option<IpAddr>,
    token: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Joining {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Joining, Problem> {
        let token = parts.headers.get(TOKEN).and_then(|value| value.to_str().ok());
        let token = token.filter(|token| !token.is_empty() && token.len() <= TOKEN_MAX).map(str::to_owned);
        Ok(Joining { address: parts.extensions.get::<Peer>().map(|peer| peer.0), token })
    }
}

impl Describes for Joining {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "Challenge-Token".to_owned(),
            place: Place::Header,
            description: "The token that the shop's CAPTCHA or proof of work gave this client, if the shop has one."
                .to_owned(),
            schema: json!({"type": "string"}),
            is_required: false,
            example: json!("10000000-aaaa-bbbb-cccc-000000000001"),
        });
        for code in [Code::RateExceeded, Code::ChallengeRequired, Code::ChallengeFailed] {
            operation.refuse(code);
        }
    }
}

impl Joining {
    /// Refuses a network that joins too often, and a client that has not passed the challenge. A customer with a ticket is
    /// neither counted nor asked again.
    pub(super) async fn check(&self, shop: &Shop, drop: DropId, user: UserId) -> Result<(), Problem> {
        let is_checked = shop.limits.have_joins() || shop.joins.challenge.is_some();
        if !is_checked || has_ticket(shop, drop, user).await? {
            return Ok(());
        }
        if let Some(refused) = shop.limits.take_join(self.address).await.filter(|verdict| !verdict.taken.is_granted) {
            let detail = details::JOINS_TOO_MANY.with(refused.rate.per_s).with(refused.rate.burst);
            let wait = seconds(refused.taken.wait);
            return Err(Problem::new(Code::RateExceeded, detail).after(wait));
        }
        let Some(challenge) = &shop.joins.challenge else { return Ok(()) };
        let Some(token) = &self.token else {
            return Err(Problem::new(Code::ChallengeRequired, details::CHALLENGE_REQUIRED));
        };
        match challenge.check(token, self.address).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Problem::new(Code::ChallengeFailed, details::CHALLENGE_FAILED)),
            Err(error) => {
                tracing::warn!("The challenge of a join could not be checked: {error}");
                let is_open = shop.joins.fails_open;
                if is_open { Ok(()) } else { Err(Problem::new(Code::Unavailable, details::CHALLENGE_SILENT)) }
            }
        }
    }
}

async fn has_ticket(shop: &Shop, drop: DropId, user: UserId) -> Result<bool, Problem> {
    let (views, now) = (shop.submitter.views.as_ref(), shop.submitter.clock.now());
    let buyer = views.buyer(BuyerKey { drop, user }).await.map_err(unavailable)?;
    let Some(ticket) = buyer.and_then(|buyer| buyer.ticket) else { return Ok(false) };
    let drop = views.drop_by_id(drop).await.map_err(unavailable)?.ok_or_else(drop_not_found)?;
    Ok(drop.queue.is_some_and(|queue| queue.standing(ticket, now).status != TicketStatus::Expired))
}
