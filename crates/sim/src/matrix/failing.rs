//! Begins and ends the failure of a case, and detects whether it occurred.

use app::events::event::EventKind;
use app::log::reactions::Group;
use app::resilience::services::Service;
use domain::order::saga::Step;
use domain::payment::Operation;

use super::life::Goods;
use super::shop::Shop;
use super::{Failure, Part, Row, Span};
use crate::disk::RefusedRow;
use crate::provider::{Planned, Whim};

/// Number of times that a brief failure occurs.
const BRIEFLY: u64 = 2;
/// Number of declines before the last try succeeds.
const REPEATEDLY: u64 = domain::payment::GIVE_BACK_TRIES_MAX.unsigned_abs() - 1;

impl Shop {
    pub(super) fn begin_failure(&mut self, goods: Goods) {
        self.resume_failure();
        match self.failure {
            Failure::Erring(row, span) => {
                let row = refused(row, goods);
                let times = if span == Span::Brief { BRIEFLY } else { u64::MAX };
                self.around.disk.tamper(|state| state.refused_rows.insert(row, times));
            }
            Failure::Silent(group) => {
                self.around.bus.silence(group, u64::MAX);
                if group == Group::OrderRetry {
                    // The group only has work after a failed authorization.
                    self.provider.plan(Planned { operation: Operation::Authorize, whim: Whim::Away, times: BRIEFLY });
                }
            }
            Failure::Provider(operation, whim, span) => {
                let times = match span {
                    Span::Brief => 1,
                    Span::Repeated => REPEATEDLY,
                    Span::Lasting => u64::MAX,
                };
                self.provider.plan(Planned { operation, whim, times });
            }
            Failure::None | Failure::Refused(_) | Failure::Out(..) => {}
        }
    }

    /// Applies the failure to a new process as well.
    pub(super) fn resume_failure(&mut self) {
        if let Failure::Out(service, _) = self.failure {
            self.process.services.take_out(service, !self.is_over);
        }
    }

    /// Ends a brief outage once an order had to wait for it.
    pub(super) fn watch_failure(&mut self) {
        if let Failure::Out(service, Span::Brief) = self.failure
            && self.has_event(EventKind::DelayedProcessing)
        {
            self.is_over = true;
            self.process.services.take_out(service, false);
        }
    }

    pub(super) fn note_failure(&mut self) {
        self.has_failed = match self.failure {
            Failure::None | Failure::Refused(_) => true,
            Failure::Out(..) => self.has_event(EventKind::DelayedProcessing),
            Failure::Erring(_, span) => self.around.disk.read(|state| {
                let left = state.refused_rows.values().next().copied();
                left < Some(if span == Span::Brief { BRIEFLY } else { u64::MAX })
            }),
            Failure::Silent(group) => self.around.disk.read(|state| self.around.bus.has_backlog(state, group)),
            Failure::Provider(..) => self.provider.struck() > 0,
        };
    }

    pub(super) fn end_failure(&mut self) {
        self.is_over = true;
        self.provider.heal();
        self.around.bus.heal();
        self.around.disk.tamper(|state| state.refused_rows.clear());
        Service::ALL.into_iter().for_each(|service| self.process.services.take_out(service, false));
    }
}

const fn refused(row: Row, goods: Goods) -> RefusedRow {
    let [first, last] = goods.products;
    match row {
        Row::Claim(Part::FirstStock) => RefusedRow::Claim(Step::Stock(first)),
        Row::Claim(Part::LastStock) => RefusedRow::Claim(Step::Stock(last)),
        Row::Claim(Part::Coupon) => RefusedRow::Claim(Step::Coupon),
        Row::Claim(Part::Point) => RefusedRow::Claim(Step::Point),
        Row::Payment => RefusedRow::Payment,
        Row::Shipment => RefusedRow::Shipment,
        Row::Storage => RefusedRow::Storage,
    }
}
