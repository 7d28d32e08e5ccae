//! A payment provider as it is to be feared: it keeps its own books rightly, and says what it likes.
//!
//! What it did is done once per key, however often it is asked. What it answers may be lost, late, told twice, of another amount.

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

/// How it misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whim {
    /// The connection is refused: nothing is done.
    Away,
    /// Nothing is done, and nobody knows.
    LostBefore,
    /// It is done, and nobody knows.
    LostAfter,
    /// The customer's money is not to be had.
    Decline,
    /// It is done, and it says that something else was.
    WrongAmount,
    /// It is done, and told twice beside the answer.
    ToldTwice,
    /// It is done, and told before it is answered.
    ToldFirst,
    /// Nothing is done, nobody knows, and it says that it is still at it.
    Slow,
    /// It is done, nobody knows, and it says once that it is still at it.
    TimedOut,
    /// It says that it is still at it, and then that it came to nothing.
    FailedAfterPending,
    /// It says that it is done, and later that it came to nothing.
    FailedAfterDone,
}

impl Whim {
    pub const ALL: [Whim; 11] = [
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
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Whim::Away => "out of reach",
            Whim::LostBefore => "the request is lost",
            Whim::LostAfter => "the answer is lost",
            Whim::Decline => "declined",
            Whim::WrongAmount => "another amount",
            Whim::ToldTwice => "told twice",
            Whim::ToldFirst => "told before the answer",
            Whim::Slow => "slow",
            Whim::TimedOut => "timed out, then done",
            Whim::FailedAfterPending => "pending, then failed",
            Whim::FailedAfterDone => "done, then failed",
        }
    }
}

/// What it does the next times that it is asked for a deed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) operation: Operation,
    pub(crate) whim: Whim,
    pub(crate) times: u64,
}

/// Something that it tells by itself.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) ask: Ask,
    pub(crate) verdict: Verdict,
    pub(crate) is_first: bool,
}

#[derive(Debug)]
struct Books {
    /// By key: what was done for good.
    done: BTreeMap<String, (Ask, Verdict)>,
    /// What was done once more, where keys are forgotten.
    again: Vec<Ask>,
    forgets_keys: bool,
    /// Whims per thousand calls.
    odds: u64,
    rng: Rng,
    planned: Option<Planned>,
    /// How often it did what was planned.
    struck: u64,
    /// Deeds that it says once more it is still at.
    is_at: BTreeSet<String>,
    tellings: Vec<Told>,
    /// What nothing but a callback says: it is told until the shop has taken it in.
    told_until_taken: Vec<Told>,
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
            is_at: BTreeSet::new(),
            tellings: vec![],
            told_until_taken: vec![],
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

    /// It answers rightly from now on.
    pub(crate) fn heal(&self) {
        let mut books = self.books();
        books.odds = 0;
        books.planned = None;
    }

    /// What it tells before an answer, or after it.
    pub(crate) fn take_tellings(&self, is_first: bool) -> Vec<Told> {
        self.books().tellings.extract_if(.., |told| told.is_first == is_first).collect()
    }

    /// What it goes on telling until the shop has it.
    pub(crate) fn told_until_taken(&self) -> Vec<Told> {
        self.books().told_until_taken.clone()
    }

    pub(crate) fn take_witnessed(&self) -> Vec<Branch> {
        std::mem::take(&mut self.books().witnessed)
    }

    /// What it holds of each order's customer: taken and not given back.
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
        let whim = self.whim(ask.operation);
        match whim {
            Some(Whim::Away) => {
                self.witnessed.push(Branch::ProviderAway);
                return Err(ProviderError::NotDone("connection refused".into()));
            }
            Some(Whim::LostBefore | Whim::Slow) => return Err(ProviderError::Unknown("timed out".into())),
            Some(
                Whim::LostAfter
                | Whim::Decline
                | Whim::WrongAmount
                | Whim::ToldTwice
                | Whim::ToldFirst
                | Whim::TimedOut
                | Whim::FailedAfterPending
                | Whim::FailedAfterDone,
            )
            | None => {}
        }
        let is_poor = matches!(whim, Some(Whim::Decline | Whim::FailedAfterPending));
        let verdict = self.act(ask, is_poor);
        match (whim, &verdict) {
            (Some(Whim::FailedAfterPending), Verdict::Declined { .. }) => {
                self.is_at.insert(ask.key.to_string());
                Err(ProviderError::Unknown("still at it".into()))
            }
            (Some(Whim::FailedAfterDone), Verdict::Approved { .. }) if ask.operation == Operation::Refund => {
                self.witnessed.push(Branch::ProviderTookBack);
                let failed = declined();
                self.done.insert(ask.key.to_string(), (ask.clone(), failed.clone()));
                let told = Told { ask: ask.clone(), verdict: failed, is_first: false };
                self.told_until_taken.push(told.clone());
                self.tellings.push(told);
                Ok(verdict)
            }
            (Some(Whim::LostAfter), _) => {
                self.witnessed.push(Branch::ProviderLost);
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::TimedOut), _) => {
                self.is_at.insert(ask.key.to_string());
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::WrongAmount), Verdict::Approved { reference, amount }) => {
                self.witnessed.push(Branch::ProviderWrong);
                Ok(Verdict::Approved { reference: reference.clone(), amount: *amount + Money::won(1) })
            }
            (Some(Whim::ToldTwice), _) => {
                self.witnessed.push(Branch::ProviderToldTwice);
                let told = Told { ask: ask.clone(), verdict: verdict.clone(), is_first: false };
                self.tellings.extend([told.clone(), told]);
                Ok(verdict)
            }
            (Some(Whim::ToldFirst), _) => {
                self.tellings.push(Told { ask: ask.clone(), verdict: verdict.clone(), is_first: true });
                Ok(verdict)
            }
            _ => Ok(verdict),
        }
    }

    /// Does it, once for its key.
    fn act(&mut self, ask: &Ask, is_poor: bool) -> Verdict {
        if let Some((_, verdict)) = self.done.get(&*ask.key) {
            if self.forgets_keys && matches!(verdict, Verdict::Approved { .. }) {
                self.again.push(ask.clone());
            }
            return verdict.clone();
        }
        let can = match ask.operation {
            Operation::Authorize => !is_poor,
            Operation::Capture => self.is_done(ask, Operation::Authorize) && !self.is_done(ask, Operation::Void),
            Operation::Void => !is_poor && !self.is_done(ask, Operation::Capture),
            Operation::Refund => !is_poor && self.is_done(ask, Operation::Capture),
        };
        let approved = Verdict::Approved { reference: "pi_1".into(), amount: ask.amount };
        let verdict = if can { approved } else { declined() };
        self.done.insert(ask.key.to_string(), (ask.clone(), verdict.clone()));
        verdict
    }

    /// Whether another deed of the same attempt was approved, at any try.
    fn is_done(&self, ask: &Ask, operation: Operation) -> bool {
        let Some((_, asked)) = Asked::of_key(&ask.key) else { return false };
        let first = Asked::first(asked.attempt, operation, 0).key(&ask.order);
        let again = format!("{first}/");
        let mut tries = self.done.iter().filter(|(key, _)| **key == first || key.starts_with(&again));
        tries.any(|(_, (_, verdict))| matches!(verdict, Verdict::Approved { .. }))
    }

    fn look_up(&mut self, ask: &Ask) -> Result<Found, ProviderError> {
        self.witnessed.push(Branch::PaymentLookedUp);
        if self.is_at.remove(&*ask.key) {
            return Ok(Found::Pending);
        }
        let whim = self.whim(ask.operation);
        match (whim, self.done.get(&*ask.key)) {
            (Some(Whim::Away | Whim::LostBefore | Whim::LostAfter), _) => {
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::Slow | Whim::TimedOut), _) => Ok(Found::Pending),
            (Some(Whim::WrongAmount), Some((_, Verdict::Approved { reference, amount }))) => {
                let verdict = Verdict::Approved { reference: reference.clone(), amount: *amount + Money::won(1) };
                Ok(Found::Verdict(verdict))
            }
            (_, found) => Ok(found.map_or(Found::Never, |(_, verdict)| Found::Verdict(verdict.clone()))),
        }
    }
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
