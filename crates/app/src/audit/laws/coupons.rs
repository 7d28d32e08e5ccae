//! Laws 4, 5 and 6: a campaign's coupons, the requests for them, and the order of decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::coupon::{Campaign, QueueKey};
use domain::ids::{CampaignId, Code, CouponId, RequestId, UserId};
use domain::time::Timestamp;
use rustc_hash::FxHashMap;

use super::answers::Promises;
use crate::audit::log::LogCounts;
use crate::audit::proof::CampaignCounts;
use crate::audit::report::{Findings, Law, Verdict, ensure};
use crate::audit::snapshot::{CampaignFact, CouponFacts};
use crate::commands::{Command, Repair};
use crate::events::event::ResultCode;
use crate::state::rows::{Decision, Request, RequestStatus};

/// The longest time that a request may wait for its decision, by the log's clock, which stands still with the shop.
const UNDECIDED_MAX: Duration = Duration::from_secs(300);

/// The findings of a pass through all campaigns.
#[derive(Debug, Default)]
pub(in crate::audit) struct CampaignBooks {
    pub(in crate::audit) campaigns: BTreeMap<CampaignId, Campaign>,
    pub(in crate::audit) repairs: Vec<Command>,
    /// The campaign that is being read.
    open: Option<Page>,
    /// Requests that are not decided.
    pub(in crate::audit) pending: BTreeSet<RequestId>,
}

/// The issues of each campaign in the log, and how many of them an earlier audit proved.
#[derive(Clone, Copy)]
pub(in crate::audit) struct Counted<'c> {
    pub(in crate::audit) log: &'c LogCounts,
    pub(in crate::audit) proven: &'c dyn Fn(CampaignId) -> CampaignCounts,
}

/// One campaign while its facts stream by.
#[derive(Debug)]
struct Page {
    id: CampaignId,
    campaign: Option<Campaign>,
    /// By coupon number: owner, issue number and code. A granted request removes its coupon.
    coupons: FxHashMap<CouponId, (UserId, i64, Code)>,
    held: FxHashMap<UserId, i64>,
    count: i64,
    /// The first violation found among its coupons.
    fault: Option<String>,
    line: Line,
    decided: CampaignCounts,
}

/// The decisions on the queue, each with its moment. Request numbers are leased in blocks by each process, so they do
/// not show who was first.
#[derive(Debug, Default)]
struct Line {
    /// Issue numbers that were granted on request.
    granted: Vec<(i64, Timestamp, RequestId)>,
    /// The first refusal as sold out, for each quantity.
    sold_out: BTreeMap<i64, (Timestamp, RequestId)>,
}

impl CampaignBooks {
    pub(in crate::audit) fn take(
        &mut self,
        fact: CampaignFact,
        counts: Counted<'_>,
        promises: &mut Promises,
        to: &mut Findings,
    ) {
        let Counted { log: counts, proven } = counts;
        match fact {
            CampaignFact::Begins(id, campaign) => {
                self.close(counts, to);
                self.campaigns.extend(campaign.clone().map(|campaign| (id, campaign)));
                self.open = Some(Page::new(id, campaign, proven(id)));
            }
            CampaignFact::Gated(known) => {
                let Some(page) = &self.open else { return };
                to.note(Law::Gate, page.gate_verdict(known));
            }
            CampaignFact::Coupon(facts) => {
                promises.coupon_exists(&facts);
                let Some(page) = &mut self.open else { return };
                page.enter(facts);
            }
            CampaignFact::Request(request) => {
                promises.request_exists(request.id);
                if request.decision.is_none() {
                    self.pending.insert(request.id);
                }
                let Some(page) = &mut self.open else { return };
                to.note(Law::Requests, page.outcome(&request, counts.latest));
                if page.is_in_order() {
                    page.line.enter(&request);
                }
            }
        }
    }

    /// Judges the campaign after its last fact.
    pub(in crate::audit) fn close(&mut self, counts: &LogCounts, to: &mut Findings) {
        let Some(mut page) = self.open.take() else { return };
        page.judge_line(to);
        let counts = counts.of(page.id);
        to.note(Law::Coupons, page.count_verdict(&counts));
        to.note(Law::Requests, page.results_verdict(&counts));
        self.repairs.extend(page.repair());
    }
}

impl Line {
    fn enter(&mut self, request: &Request) {
        let Some(decision) = &request.decision else { return };
        if decision.code == ResultCode::OutOfStock {
            let first = self.sold_out.entry(decision.quantity).or_insert((decision.at, request.id));
            *first = (*first).min((decision.at, request.id));
        }
        self.granted.extend(decision.granted.as_ref().map(|granted| (granted.issue_number, decision.at, request.id)));
    }
}

impl Page {
    /// Begins after what is proven of the campaign.
    fn new(id: CampaignId, campaign: Option<Campaign>, proven: CampaignCounts) -> Page {
        Page {
            id,
            campaign,
            coupons: FxHashMap::default(),
            held: FxHashMap::default(),
            count: proven.issued,
            fault: None,
            line: Line::default(),
            decided: proven,
        }
    }

    fn gate_verdict(&self, known: i64) -> Verdict {
        let issued = self.campaign.as_ref().map_or(0, |campaign| campaign.issued);
        ensure(known <= issued, || {
            format!("campaign {}: the gate knows {known} coupons, but {issued} were issued", self.id)
        })
    }

    fn enter(&mut self, facts: CouponFacts) {
        let CouponFacts { user, coupon, .. } = facts;
        self.count += 1;
        let id = self.id;
        if coupon.issue_number != self.count && self.fault.is_none() {
            self.fault = Some(format!("campaign {id}: coupon {} has number {}", self.count, coupon.issue_number));
        }
        let held = self.held.entry(user).or_default();
        *held += 1;
        let limit = self.campaign.as_ref().map_or(0, |campaign| campaign.issue_per_user_max);
        if *held > limit && self.fault.is_none() {
            self.fault = Some(format!("campaign {id}: user {user} holds {held} coupons of at most {limit}"));
        }
        self.coupons.insert(coupon.id, (user, coupon.issue_number, coupon.code));
    }

    /// Law 4 for the campaign as a whole.
    fn count_verdict(&self, counts: &CampaignCounts) -> Verdict {
        let (id, count) = (self.id, self.count);
        let Some(campaign) = &self.campaign else {
            return ensure(count == 0, || format!("campaign {id}: has coupons, but does not exist, or cannot be read"));
        };
        ensure(campaign.issued <= campaign.quantity, || {
            format!("campaign {id}: {} coupons are issued, the quantity is {}", campaign.issued, campaign.quantity)
        })?;
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        ensure(campaign.issued == count, || {
            format!("campaign {id}: the count of issued coupons is {}, but it has {count}", campaign.issued)
        })?;
        ensure(counts.issued == count, || {
            format!("campaign {id}: {} coupons were announced, but it has {count}", counts.issued)
        })
    }

    /// Law 5 for one request: it waits or was decided once, and a success has a coupon.
    fn outcome(&mut self, request: &Request, latest: Timestamp) -> Verdict {
        let id = request.id;
        let Some(decision) = &request.decision else {
            ensure(request.status == RequestStatus::Pending, || {
                format!("request {id}: is {} without a decision", request.status.name())
            })?;
            let waiting = latest - request.created_at;
            return ensure(waiting <= UNDECIDED_MAX, || {
                format!("request {id}: has waited for {} s", waiting.as_secs())
            });
        };
        self.decided.results[decision.code as usize] += 1;
        let succeeded = decision.code == ResultCode::Success;
        let fits = match request.status {
            RequestStatus::Pending => false,
            RequestStatus::Completed => succeeded,
            RequestStatus::Failed => !succeeded,
            RequestStatus::Notified => true,
        };
        ensure(fits && succeeded == decision.granted.is_some(), || {
            format!("request {id}: is {}, its result is {}", request.status.name(), decision.code.name())
        })?;
        self.coupon_of(request, decision)
    }

    fn coupon_of(&mut self, request: &Request, decision: &Decision) -> Verdict {
        let Some(granted) = &decision.granted else { return Ok(()) };
        self.decided.issued_on_request += 1;
        let coupon = self.coupons.remove(&granted.coupon);
        let promised = (request.user, granted.issue_number, granted.code.clone());
        ensure(coupon.is_some_and(|coupon| coupon == promised), || {
            format!("request {}: was granted coupon {}, which its user does not have", request.id, granted.code)
        })
    }

    /// Law 5 for the log: each decision was announced once, and each announcement has a decision.
    fn results_verdict(&self, counts: &CampaignCounts) -> Verdict {
        let id = self.id;
        ensure(self.decided.results == counts.results, || {
            format!("campaign {id}: the decisions on its requests differ from the announced results")
        })?;
        ensure(self.decided.issued_on_request == counts.issued_on_request, || {
            format!("campaign {id}: coupons were issued on request, but no request was granted them")
        })
    }

    /// Returns true if the campaign promises to decide in arrival order.
    fn is_in_order(&self) -> bool {
        self.campaign.as_ref().is_some_and(|campaign| campaign.queue_key == QueueKey::Campaign)
    }

    /// Law 6: issue numbers grow with the moments of their decisions, and no number below a sold-out quantity is issued
    /// after the first refusal.
    fn judge_line(&mut self, to: &mut Findings) {
        let Line { mut granted, sold_out } = std::mem::take(&mut self.line);
        granted.sort_unstable();
        let mut latest = None;
        let mut numbers = granted.into_iter().peekable();
        let mut next = |up_to: i64, to: &mut Findings| {
            while let Some((number, at, request)) = numbers.next_if(|(number, ..)| *number <= up_to) {
                let verdict = ensure(latest.is_none_or(|latest| latest <= at), || {
                    format!("request {request}: got number {number} before a lower number was issued")
                });
                to.note(Law::FirstCome, verdict);
                latest = latest.max(Some(at));
            }
            latest
        };
        for (quantity, (at, request)) in sold_out {
            let latest = next(quantity, to);
            let is_true = quantity <= self.count && latest.is_none_or(|latest| latest <= at);
            let verdict = ensure(is_true, || {
                format!(
                    "request {request}: was refused as sold out at quantity {quantity}; {} were issued, the last of them later",
                    self.count
                )
            });
            to.note(Law::FirstCome, verdict);
        }
        next(i64::MAX, to);
    }

    /// Returns the correction of the campaign's count, if its coupons are sound: a lost coupon is a fact, not a figure.
    fn repair(&self) -> Option<Command> {
        let campaign = self.campaign.as_ref().filter(|_| self.fault.is_none())?;
        let issued = self.count.saturating_sub(campaign.issued);
        (issued != 0).then_some(Command::Repair(Repair::Campaign { campaign: self.id, issued }))
    }
}
