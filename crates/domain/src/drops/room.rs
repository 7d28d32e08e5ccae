//! A drop's waiting room, as its customers meet it.

use super::buyer::Buyer;
use super::queue::{Queue, TicketStatus};
use super::{Drop, JoinRejection, Phase, Rejection};
use crate::time::Timestamp;

impl Drop {
    /// Returns true if some product can be bought between start and end. Else nobody is admitted: the turn would be lost.
    pub fn admits(&self) -> bool {
        let is_for_sale = |id| !self.sold_out.contains(id) && !self.off_sale.contains(id);
        !self.paused && self.products.iter().any(|offer| is_for_sale(&offer.product))
    }

    /// An admin keeps the drop from selling what it has: those who are admitted lose no time meanwhile.
    pub(super) fn keep_holds(&mut self, at: Timestamp) {
        let is_stopped = self.paused || !(self.is_sold_out() || self.admits());
        if let Some(queue) = &mut self.queue {
            queue.stop_holds(is_stopped, at);
        }
    }

    /// Returns the seconds until a ticket with so many ahead is admitted; `None` while nobody is.
    pub fn wait_seconds(&self, ahead: i64, at: Timestamp) -> Option<i64> {
        let queue = self.queue.as_ref().filter(|_| self.admits())?;
        let before_start = i64::try_from((self.starts_at - at).as_secs()).unwrap_or(i64::MAX);
        Some(queue.wait_seconds(ahead).saturating_add(before_start))
    }

    /// Returns the number of customers who wait, if there is a waiting room. Nobody does in a drop that has ended.
    pub fn waiting(&self, at: Timestamp) -> Option<i64> {
        self.queue.as_ref().map(|queue| if at < self.ends_at { queue.waiting() } else { 0 })
    }

    /// Returns true if the drop's opening was noticed: by its turn, or by who joined first after the start.
    pub fn has_opened(&self) -> bool {
        self.phase != Phase::Scheduled || self.queue.as_ref().is_some_and(Queue::is_open)
    }

    /// Returns how many of those who came before the start were drawn, if the drop shuffles and has opened.
    pub fn drawn(&self) -> Option<i64> {
        self.queue.as_ref().filter(|queue| queue.is_drawn()).map(|queue| queue.drawn)
    }

    /// Gives a customer a ticket, unless they have one that waits or is admitted. Returns the customer, if they changed. The
    /// first one who comes after the start finds the places of those before drawn, also if no process has opened the drop yet.
    ///
    /// # Errors
    ///
    /// When the drop has ended or has no waiting room.
    pub fn join(&mut self, buyer: &Buyer, at: Timestamp) -> Result<Option<Buyer>, JoinRejection> {
        if at >= self.ends_at {
            return Err(JoinRejection::Ended);
        }
        let queue = self.queue.as_mut().ok_or(JoinRejection::NoWaitingRoom)?;
        if at >= self.starts_at {
            queue.open(at);
        }
        let has_one = |ticket| queue.standing(ticket, at).status != TicketStatus::Expired;
        if buyer.ticket.is_some_and(has_one) {
            return Ok(None);
        }
        Ok(Some(Buyer { ticket: Some(queue.join()), ..buyer.clone() }))
    }

    /// Takes a customer's ticket back. Returns the customer without it.
    pub fn leave(&mut self, buyer: &Buyer) -> Option<Buyer> {
        let ticket = buyer.ticket?;
        self.queue.as_mut()?.leave(ticket);
        Some(Buyer { ticket: None, ..buyer.clone() })
    }

    pub(super) fn check_ticket(&self, buyer: &Buyer, shows_ticket: bool, at: Timestamp) -> Result<(), Rejection> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let standing = buyer.ticket.map(|ticket| queue.standing(ticket, at).status);
        if shows_ticket && standing == Some(TicketStatus::Admitted) { Ok(()) } else { Err(Rejection::TicketRequired) }
    }
}
