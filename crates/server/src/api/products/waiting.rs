//! The waiting room of a drop: join, look, leave.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use app::commands::{Command, DropCommand};
use app::events::wire_time;
use app::state::rows::BuyerKey;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::drops::{self, Standing, TicketStatus};
use domain::ids::{DropId, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use super::joining::Joining;
use crate::api::Shop;
use crate::api::request::submission::{Empty, Submission};
use crate::api::response::drop_examples as examples;
use crate::api::response::refusals::{drop_not_found, problem, ticket_not_found, unavailable};
use crate::api::response::replies::{deleted, mark_replayed};
use crate::http::Problem;
use crate::http::json::Json;
use crate::http::path::{self, Id};
use crate::live::rooms::{LOOK_EVERY, READ_EVERY, Room, is_gone};
use crate::openapi::words;
use crate::security::auth::Customer;

/// The customer's ticket of a waiting room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "QueueTicket", example = examples::ticket())]
pub(crate) struct TicketBody {
    drop_id: i64,
    /// To be sent as `Queue-Ticket` with an order, by the same customer.
    pub(crate) ticket: String,
    /// From 1; 0 once admitted; null until a drop that shuffles has opened and drawn the places.
    position: Option<i64>,
    /// Customers who are admitted before.
    pub(crate) ahead: Option<i64>,
    /// By the rate of the last admissions; null while the position is, and while nobody is admitted: the drop is paused, or has
    /// nothing that can be bought.
    pub(crate) estimated_wait_seconds: Option<i64>,
    /// ADMITTED: orders with the ticket are accepted until `admittedUntil`, which is absent while the drop is paused or none of its
    /// products is on sale: the time to order stands still. SOLD_OUT: no unit will come back.
    #[schemars(with = "words::TicketStatusWord")]
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pub(crate) admitted_until: Option<String>,
}

/// `POST /api/drops/{id}/queue`: a customer has one ticket; a repeat answers with it.
pub(crate) async fn join(
    State(shop): State<Shop>,
    id: Id<path::Drop>,
    joining: Joining,
    submission: Submission<Empty>,
) -> Result<Response, Problem> {
    let (drop, user) = (DropId(id.0), submission.user());
    joining.check(&shop, drop, user).await?;
    let command = Command::Drop(DropCommand::Join { drop, user });
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    reply.result.map_err(|refusal| problem(&refusal))?;
    let body = ticket(&shop, drop, user).await?.ok_or_else(ticket_not_found)?;
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// `GET /api/drops/{id}/queue`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    id: Id<path::Drop>,
    Customer(principal): Customer,
) -> Result<Json<TicketBody>, Problem> {
    let found = ticket(&shop, DropId(id.0), UserId(principal.user_id)).await?;
    found.map(Json).ok_or_else(ticket_not_found)
}

/// `DELETE /api/drops/{id}/queue`: gives the place up.
pub(crate) async fn leave(
    State(shop): State<Shop>,
    id: Id<path::Drop>,
    submission: Submission<Empty>,
) -> Result<Response, Problem> {
    let command = Command::Drop(DropCommand::Leave { drop: DropId(id.0), user: submission.user() });
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    reply.result.map_err(|refusal| problem(&refusal))?;
    Ok(deleted(reply.replayed))
}

/// Returns a customer's ticket of a drop, if they have one.
async fn ticket(shop: &Shop, drop: DropId, user: UserId) -> Result<Option<TicketBody>, Problem> {
    let found = shop.submitter.views.drop_by_id(drop).await.map_err(unavailable)?.ok_or_else(drop_not_found)?;
    ticket_of(shop, &found, user).await
}

/// The same for a drop that was read already. The length of the queue does not matter.
pub(crate) async fn ticket_of(shop: &Shop, drop: &drops::Drop, user: UserId) -> Result<Option<TicketBody>, Problem> {
    let views = shop.submitter.views.as_ref();
    let buyer = views.buyer(BuyerKey { drop: drop.id, user }).await.map_err(unavailable)?;
    let Some(number) = buyer.and_then(|buyer| buyer.ticket) else { return Ok(None) };
    let is_certain = is_gone(views, drop).await.map_err(unavailable)?;
    Ok(standing(shop, drop, number, is_certain))
}

fn standing(shop: &Shop, drop: &drops::Drop, number: i64, is_certain: bool) -> Option<TicketBody> {
    let (queue, now) = (drop.queue.as_ref()?, shop.submitter.clock.now());
    let Standing { status, position, ahead, until } = queue.standing(number, now);
    let status = match status {
        TicketStatus::Waiting | TicketStatus::Admitted if now >= drop.ends_at => TicketStatus::Expired,
        TicketStatus::Waiting if is_certain => TicketStatus::SoldOut,
        TicketStatus::Waiting | TicketStatus::Admitted | TicketStatus::Expired | TicketStatus::SoldOut => status,
    };
    let is_waiting = status == TicketStatus::Waiting;
    let admitted_until = until.filter(|_| status == TicketStatus::Admitted).map(|until| until.min(drop.ends_at));
    let wait = ahead.filter(|_| is_waiting).and_then(|ahead| drop.wait_seconds(ahead, now));
    Some(TicketBody {
        drop_id: drop.id.0,
        ticket: shop.submitter.codec.ticket(drop.id, number).to_string(),
        position,
        ahead,
        estimated_wait_seconds: wait.or_else(|| (!is_waiting).then_some(0)),
        status: status.name(),
        admitted_until: admitted_until.map(wire_time::format),
    })
}

/// A stream's view of its customer's tickets. Positions are computed from the rooms; only the tickets are read, now and then.
pub(in crate::api) struct QueueWatch {
    shop: Shop,
    user: UserId,
    tickets: Vec<(DropId, i64)>,
    read_at: Option<Instant>,
    told: Vec<TicketBody>,
}

impl QueueWatch {
    pub(in crate::api) const fn new(shop: Shop, user: UserId) -> QueueWatch {
        QueueWatch { shop, user, tickets: vec![], read_at: None, told: vec![] }
    }

    /// Returns how long the stream may wait before it looks again.
    pub(in crate::api) const fn patience(&self) -> Duration {
        if self.tickets.is_empty() { LOOK_EVERY } else { READ_EVERY }
    }

    /// Returns an event for each ticket that has moved.
    pub(in crate::api) async fn moved(&mut self) -> Option<String> {
        let rooms = self.shop.drops.rooms.read(&*self.shop.submitter.views).await;
        let mut found = self.closed(&rooms).await;
        if !rooms.is_empty() && self.read_at.is_none_or(|read_at| read_at.elapsed() >= LOOK_EVERY) {
            self.read_at = Some(Instant::now());
            self.tickets = self.read_tickets(&rooms).await;
        }
        for (id, number) in &self.tickets {
            let Some(Room { drop, is_gone }) = rooms.iter().find(|room| room.drop.id == *id) else { continue };
            found.extend(standing(&self.shop, drop, *number, *is_gone));
        }
        let mut news = String::new();
        for body in found {
            if self.told.contains(&body) {
                continue;
            }
            self.told.retain(|told| told.drop_id != body.drop_id);
            let data = serde_json::to_string(&body).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(news, "event: queue.moved\ndata: {data}\n\n");
            self.told.push(body);
        }
        (!news.is_empty()).then_some(news)
    }

    /// Takes out the tickets of drops that are under way no more, and returns how they ended. A drop that an admin ends is gone from
    /// the rooms before a stream sees its end there.
    async fn closed(&mut self, rooms: &[Room]) -> Vec<TicketBody> {
        let is_under_way = |(id, _): &(DropId, i64)| rooms.iter().any(|room| room.drop.id == *id);
        let (open, closed): (Vec<_>, Vec<_>) = self.tickets.iter().copied().partition(is_under_way);
        self.tickets = open;
        let mut ended = vec![];
        for (id, number) in closed {
            match self.shop.submitter.views.drop_by_id(id).await {
                Ok(drop) => ended.extend(drop.and_then(|drop| standing(&self.shop, &drop, number, false))),
                // It is read again.
                Err(_) => self.tickets.push((id, number)),
            }
        }
        ended
    }

    async fn read_tickets(&self, rooms: &[Room]) -> Vec<(DropId, i64)> {
        let mut tickets = vec![];
        for Room { drop, .. } in rooms {
            let key = BuyerKey { drop: drop.id, user: self.user };
            let buyer = self.shop.submitter.views.buyer(key).await.ok().flatten();
            tickets.extend(buyer.and_then(|buyer| buyer.ticket).map(|ticket| (drop.id, ticket)));
        }
        tickets
    }
}
