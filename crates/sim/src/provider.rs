//! A misbehaving payment provider: its own books are right, but its responses may not be.
//!
//! It executes an operation once per key, however often it is called. A response may be lost, late, repeated by a callback, or
//! name another amount.

mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::payments::provider::{
    Ask, Asked, Call, Callback, CallbackError, Found, Operation, Provider as Port, ProviderError, Verdict,
};
use domain::money::Money;
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::rng::Rng;
use verdicts::{fingerprint, one_more, without_card};

/// A misbehaviour of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whim {
    /// The connection is refused: not executed.
    Away,
    /// Not executed, and the call times out.
    LostBefore,
    /// Executed, and the call times out.
    LostAfter,
    /// Declined for lack of funds.
    Decline,
    /// Executed, but the response names another amount.
    WrongAmount,
    /// Executed; two callbacks follow the response.
    ToldTwice,
    /// Executed; a callback precedes the response.
    ToldFirst,
    /// Not executed; the call times out, and queries return pending.
    Slow,
    /// Executed; the call times out, and the first query returns pending.
    TimedOut,
    /// Pending first, then declined.
    FailedAfterPending,
    /// Approved first, then reversed by a callback.
    FailedAfterDone,
    /// The customer must act first, and approves before the next query.
    ActedApproved,
    /// The customer must act first, and declines before the next query.
    ActedDeclined,
    /// The customer must act first, and never does.
    ActionAbandoned,
    /// The customer must act first, and approves too late: just before the void.
    ActedLate,
}

impl Whim {
    pub const ALL: [Whim; 15] = [
        Whim::Away,
        Whim::LostBefore,
        Whim::LostAfter,
        Whim::Decline,
        Whim::WrongAmount,
        Whim::ToldTwice,
        Whim::ToldFirst,
        Whim::Slow,
        Whim::TimedOut,
        Whim::FailedAfterPending,
        Whim::FailedAfterDone,
        Whim::ActedApproved,
        Whim::ActedDeclined,
        Whim::ActionAbandoned,
        Whim::ActedLate,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Whim::Away => "unreachable",
            Whim::LostBefore => "the request is lost",
            Whim::LostAfter => "the response is lost",
            Whim::Decline => "declined",
            Whim::WrongAmount => "another amount",
            Whim::ToldTwice => "two callbacks",
            Whim::ToldFirst => "a callback before the response",
            Whim::Slow => "slow",
            Whim::TimedOut => "timed out, then done",
            Whim::FailedAfterPending => "pending, then failed",
            Whim::FailedAfterDone => "done, then failed",
            Whim::ActedApproved => "the customer acts and approves",
            Whim::ActedDeclined => "the customer acts and declines",
            Whim::ActionAbandoned => "the customer does not act",
            Whim::ActedLate => "the customer acts too late",
        }
    }
}

/// The behaviour of a customer who must act at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Approved,
    Declined,
    Abandoned,
    Late,
}

impl Course {
    const fn of(whim: Whim) -> Option<Course> {
        match whim {
            Whim::ActedApproved => Some(Course::Approved),
            Whim::ActedDeclined => Some(Course::Declined),
            Whim::ActionAbandoned => Some(Course::Abandoned),
            Whim::ActedLate => Some(Course::Late),
            Whim::Away
            | Whim::LostBefore
            | Whim::LostAfter
            | Whim::Decline
            | Whim::WrongAmount
            | Whim::ToldTwice
            | Whim::ToldFirst
            | Whim::Slow
            | Whim::TimedOut
            | Whim::FailedAfterPending
            | Whim::FailedAfterDone => None,
        }
    }
}

/// The planned response to the next calls of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) operation: Operation,
    pub(crate) whim: Whim,
    pub(crate) times: u64,
}

/// A callback of the provider.
#[derive(Clone, Debug)]
pub(crate) struct ModelCallback {
    pub(crate) ask: Ask,
    pub(crate) verdict: Verdict,
    pub(crate) is_first: bool,
}

#[derive(Debug)]
struct Books {
    /// Final results by idempotency key.
    done: BTreeMap<String, (Ask, Verdict)>,
    /// Operations executed again, for the breakage that forgets keys.
    again: Vec<Ask>,
    forgets_keys: bool,
    /// Whims per thousand calls.
    odds: u64,
    rng: Rng,
    planned: Option<Planned>,
    /// Number of calls that met the planned misbehaviour.
    struck: u64,
    /// The authorizations that wait for their customer, and what they do.
    actions: BTreeMap<String, (Ask, Course)>,
    /// Keys whose next query returns pending.
    pending: BTreeSet<String>,
    callbacks: Vec<ModelCallback>,
    /// Callbacks that are repeated until the shop has recorded them, because no response carries their result.
    repeated_callbacks: Vec<ModelCallback>,
    witnessed: Vec<Branch>,
}

#[derive(Debug)]
pub(crate) struct Provider(Mutex<Books>);

impl Provider {
    pub(crate) fn new(seed: u64, odds: u64) -> Provider {
        Provider(Mutex::new(Books {
            done: BTreeMap::new(),
            again: vec![],
            forgets_keys: false,
            odds,
            rng: Rng::new(seed),
            planned: None,
            struck: 0,
            actions: BTreeMap::new(),
            pending: BTreeSet::new(),
            callbacks: vec![],
            repeated_callbacks: vec![],
            witnessed: vec![],
        }))
    }

    pub(crate) fn forget_keys(&self, forgets: bool) {
        self.books().forgets_keys = forgets;
    }

    pub(crate) fn plan(&self, planned: Planned) {
        self.books().planned = Some(planned);
    }

    pub(crate) fn struck(&self) -> u64 {
        self.books().struck
    }

    /// Ends all misbehaviour.
    pub(crate) fn heal(&self) {
        let mut books = self.books();
        books.odds = 0;
        books.planned = None;
    }

    /// Takes the callbacks that precede, or follow, the response.
    pub(crate) fn take_callbacks(&self, is_first: bool) -> Vec<ModelCallback> {
        self.books().callbacks.extract_if(.., |callback| callback.is_first == is_first).collect()
    }

    /// Returns the callbacks that are repeated until the shop has recorded them.
    pub(crate) fn repeated_callbacks(&self) -> Vec<ModelCallback> {
        self.books().repeated_callbacks.clone()
    }

    pub(crate) fn take_witnessed(&self) -> Vec<Branch> {
        std::mem::take(&mut self.books().witnessed)
    }

    /// Money held per order: captured and not refunded.
    pub(crate) fn holds(&self) -> BTreeMap<String, Money> {
        let mut held: BTreeMap<String, Money> = BTreeMap::new();
        let books = self.books();
        let approved = books.done.values().filter(|(_, verdict)| matches!(verdict, Verdict::Approved { .. }));
        for ask in approved.map(|(ask, _)| ask).chain(&books.again) {
            let held = held.entry(ask.order.to_string()).or_default();
            match ask.operation {
                Operation::Capture => *held += ask.amount,
                Operation::Refund => *held -= ask.amount,
                Operation::Authorize | Operation::Void => {}
            }
        }
        held
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn whim(&mut self, operation: Operation) -> Option<Whim> {
        if let Some(planned) =
            self.planned.as_mut().filter(|planned| planned.operation == operation && planned.times > 0)
        {
            planned.times -= 1;
            self.struck += 1;
            return Some(planned.whim);
        }
        if self.rng.happens(self.odds) { self.rng.pick(&Whim::ALL) } else { None }
    }

    fn ask(&mut self, ask: &Ask) -> Result<Verdict, ProviderError> {
        if self.actions.contains_key(&*ask.key) {
            return Ok(action_required());
        }
        if ask.operation == Operation::Void {
            self.act_late(ask);
        }
        let whim = self.whim(ask.operation);
        if let Some(course) = whim.and_then(Course::of)
            && ask.operation == Operation::Authorize
            && !self.done.contains_key(&*ask.key)
        {
            self.witnessed.push(Branch::ActionRequired);
            self.actions.insert(ask.key.to_string(), (ask.clone(), course));
            return Ok(action_required());
        }
        if whim == Some(Whim::Away) {
            self.witnessed.push(Branch::ProviderAway);
            return Err(ProviderError::NotExecuted("connection refused".into()));
        }
        if matches!(whim, Some(Whim::LostBefore | Whim::Slow)) {
            return Err(ProviderError::Unknown("timed out".into()));
        }
        let is_declined = matches!(whim, Some(Whim::Decline | Whim::FailedAfterPending));
        let verdict = self.act(ask, is_declined);
        self.respond(ask, whim, verdict)
    }

    /// Returns the response to an operation, with the callbacks of the whim.
    fn respond(&mut self, ask: &Ask, whim: Option<Whim>, verdict: Verdict) -> Result<Verdict, ProviderError> {
        match (whim, &verdict) {
            (Some(Whim::FailedAfterPending), Verdict::Declined { .. }) => {
                self.pending.insert(ask.key.to_string());
                Err(ProviderError::Unknown("still pending".into()))
            }
            (Some(Whim::FailedAfterDone), Verdict::Approved { .. }) if ask.operation == Operation::Refund => {
                self.witnessed.push(Branch::ProviderTookBack);
                let failed = declined();
                self.done.insert(ask.key.to_string(), (ask.clone(), failed.clone()));
                let callback = ModelCallback { ask: ask.clone(), verdict: failed, is_first: false };
                self.repeated_callbacks.push(callback.clone());
                self.callbacks.push(callback);
                Ok(verdict)
            }
            (Some(Whim::LostAfter), _) => {
                self.witnessed.push(Branch::ProviderLost);
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::TimedOut), _) => {
                self.pending.insert(ask.key.to_string());
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::WrongAmount), Verdict::Approved { .. }) => {
                self.witnessed.push(Branch::ProviderWrong);
                Ok(one_more(verdict))
            }
            (Some(Whim::ToldTwice), _) => {
                self.witnessed.push(Branch::ProviderToldTwice);
                let callback = ModelCallback { ask: ask.clone(), verdict: verdict.clone(), is_first: false };
                self.callbacks.extend([callback.clone(), callback]);
                Ok(verdict)
            }
            (Some(Whim::ToldFirst), _) => {
                let told = without_card(verdict.clone());
                self.callbacks.push(ModelCallback { ask: ask.clone(), verdict: told, is_first: true });
                Ok(verdict)
            }
            _ => Ok(verdict),
        }
    }

    /// The customer of an attempt that is being voided acts in the last moment. The callback about it comes after the void.
    fn act_late(&mut self, void: &Ask) {
        let Some((_, asked)) = Asked::of_key(&void.key) else { return };
        let key = Asked::first(asked.order_ms, asked.attempt, Operation::Authorize, 0).key(&void.order);
        let Some((ask, course)) = self.actions.remove(&key) else { return };
        if course == Course::Late {
            self.witnessed.push(Branch::ActedLate);
            let verdict = self.act(&ask, false);
            let callback = ModelCallback { ask, verdict, is_first: false };
            self.repeated_callbacks.push(callback.clone());
            self.callbacks.push(callback);
        }
    }

    /// The customer acts before a query, or has not acted yet.
    fn look_at_action(&mut self, ask: &Ask) -> Option<Verdict> {
        let is_declined = match self.actions.get(&*ask.key)?.1 {
            Course::Approved => false,
            Course::Declined => true,
            Course::Abandoned | Course::Late => return Some(action_required()),
        };
        self.actions.remove(&*ask.key);
        Some(self.act(ask, is_declined))
    }

    /// Executes an operation once per key.
    fn act(&mut self, ask: &Ask, is_declined: bool) -> Verdict {
        if let Some((_, verdict)) = self.done.get(&*ask.key) {
            if self.forgets_keys && matches!(verdict, Verdict::Approved { .. }) {
                self.again.push(ask.clone());
            }
            return verdict.clone();
        }
        let can = match ask.operation {
            Operation::Authorize => !is_declined,
            Operation::Capture => self.is_done(ask, Operation::Authorize) && !self.is_done(ask, Operation::Void),
            Operation::Void => !is_declined && !self.is_done(ask, Operation::Capture),
            Operation::Refund => !is_declined && self.is_done(ask, Operation::Capture),
        };
        let approved =
            Verdict::Approved { reference: "pi_1".into(), amount: ask.amount, fingerprint: fingerprint(ask) };
        let verdict = if can { approved } else { declined() };
        self.done.insert(ask.key.to_string(), (ask.clone(), verdict.clone()));
        verdict
    }

    /// Returns whether an operation of the same attempt was approved, at any try.
    fn is_done(&self, ask: &Ask, operation: Operation) -> bool {
        let Some((_, asked)) = Asked::of_key(&ask.key) else { return false };
        let first = Asked::first(asked.order_ms, asked.attempt, operation, 0).key(&ask.order);
        let again = format!("{first}/");
        let mut tries = self.done.iter().filter(|(key, _)| **key == first || key.starts_with(&again));
        tries.any(|(_, (_, verdict))| matches!(verdict, Verdict::Approved { .. }))
    }

    fn look_up(&mut self, ask: &Ask) -> Result<Found, ProviderError> {
        self.witnessed.push(Branch::PaymentLookedUp);
        if self.pending.remove(&*ask.key) {
            return Ok(Found::Pending);
        }
        if let Some(verdict) = self.look_at_action(ask) {
            return Ok(Found::Verdict(verdict));
        }
        let whim = self.whim(ask.operation);
        match (whim, self.done.get(&*ask.key)) {
            (Some(Whim::Away | Whim::LostBefore | Whim::LostAfter), _) => {
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::Slow | Whim::TimedOut), _) => Ok(Found::Pending),
            (Some(Whim::WrongAmount), Some((_, verdict @ Verdict::Approved { .. }))) => {
                Ok(Found::Verdict(one_more(verdict.clone())))
            }
            (_, found) => Ok(found.map_or(Found::NotFound, |(_, verdict)| Found::Verdict(verdict.clone()))),
        }
    }
}

fn action_required() -> Verdict {
    Verdict::ActionRequired { reference: "pi_1".into(), url: Some("/act".into()), client_secret: None }
}

fn declined() -> Verdict {
    Verdict::Declined { code: "insufficient_funds".into(), reference: None }
}

impl Port for Provider {
    fn name(&self) -> &'static str {
        "model"
    }

    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict> {
        Box::pin(ready(self.books().ask(ask)))
    }

    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found> {
        Box::pin(ready(self.books().look_up(ask)))
    }

    fn signature_header(&self) -> &'static str {
        "signature"
    }

    fn callback(&self, _: &str, _: &[u8], _: Timestamp) -> Result<Option<Callback>, CallbackError> {
        Err(CallbackError::Forged)
    }
}
