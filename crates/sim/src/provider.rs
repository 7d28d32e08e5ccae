//! A payment provider as it is to be feared: it keeps its own books rightly, and says what it likes.
//!
//! What it did is done once per key, however often it is asked. What it answers may be lost, late, told twice, of another amount.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::payment::{Ask, Asked, Call, Callback, CallbackError, Deed, Found, Provider as Port, ProviderError, Verdict};
use domain::money::Money;
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::rng::Rng;

/// How it misbehaves once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whim {
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
    /// It says that it is still at it.
    Slow,
}

impl Whim {
    const ALL: [Whim; 7] =
        [Whim::Away, Whim::LostBefore, Whim::LostAfter, Whim::Decline, Whim::WrongAmount, Whim::ToldTwice, Whim::Slow];
}

#[derive(Debug)]
struct Books {
    /// By key: what was done for good.
    done: BTreeMap<String, (Ask, Verdict)>,
    /// Whims per thousand calls.
    odds: u64,
    rng: Rng,
    /// What it tells by itself besides.
    tellings: Vec<(Ask, Verdict)>,
    witnessed: Vec<Branch>,
}

#[derive(Debug)]
pub(crate) struct Provider(Mutex<Books>);

impl Provider {
    pub(crate) fn new(seed: u64, odds: u64) -> Provider {
        let (done, rng) = (BTreeMap::new(), Rng::new(seed));
        Provider(Mutex::new(Books { done, odds, rng, tellings: vec![], witnessed: vec![] }))
    }

    /// It answers rightly from now on.
    pub(crate) fn heal(&self) {
        self.books().odds = 0;
    }

    pub(crate) fn take_tellings(&self) -> Vec<(Ask, Verdict)> {
        std::mem::take(&mut self.books().tellings)
    }

    pub(crate) fn take_witnessed(&self) -> Vec<Branch> {
        std::mem::take(&mut self.books().witnessed)
    }

    /// What it holds of each order's customer: taken and not given back.
    pub(crate) fn holds(&self) -> BTreeMap<String, Money> {
        let mut held: BTreeMap<String, Money> = BTreeMap::new();
        for (ask, verdict) in self.books().done.values() {
            let Verdict::Approved { .. } = verdict else { continue };
            let held = held.entry(ask.order.to_string()).or_default();
            match ask.deed {
                Deed::Capture => *held += ask.amount,
                Deed::Refund => *held -= ask.amount,
                Deed::Authorize | Deed::Void => {}
            }
        }
        held
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn whim(&mut self) -> Option<Whim> {
        if self.rng.happens(self.odds) { self.rng.pick(&Whim::ALL) } else { None }
    }

    fn ask(&mut self, ask: &Ask) -> Result<Verdict, ProviderError> {
        let whim = self.whim();
        match whim {
            Some(Whim::Away) => {
                self.witnessed.push(Branch::ProviderAway);
                return Err(ProviderError::NotDone("connection refused".into()));
            }
            Some(Whim::LostBefore | Whim::Slow) => return Err(ProviderError::Unknown("timed out".into())),
            Some(Whim::LostAfter | Whim::Decline | Whim::WrongAmount | Whim::ToldTwice) | None => {}
        }
        let verdict = self.act(ask, whim == Some(Whim::Decline));
        match (whim, &verdict) {
            (Some(Whim::LostAfter), _) => {
                self.witnessed.push(Branch::ProviderLost);
                Err(ProviderError::Unknown("timed out".into()))
            }
            (Some(Whim::WrongAmount), Verdict::Approved { reference, amount }) => {
                self.witnessed.push(Branch::ProviderWrong);
                Ok(Verdict::Approved { reference: reference.clone(), amount: *amount + Money::won(1) })
            }
            (Some(Whim::ToldTwice), _) => {
                self.witnessed.push(Branch::ProviderToldTwice);
                self.tellings.extend([(ask.clone(), verdict.clone()), (ask.clone(), verdict.clone())]);
                Ok(verdict)
            }
            _ => Ok(verdict),
        }
    }

    /// Does it, once for its key.
    fn act(&mut self, ask: &Ask, is_poor: bool) -> Verdict {
        if let Some((_, verdict)) = self.done.get(&*ask.key) {
            return verdict.clone();
        }
        let can = match ask.deed {
            Deed::Authorize => !is_poor,
            Deed::Capture => self.is_done(ask, Deed::Authorize) && !self.is_done(ask, Deed::Void),
            Deed::Void => !self.is_done(ask, Deed::Capture),
            Deed::Refund => self.is_done(ask, Deed::Capture),
        };
        let verdict = if can {
            Verdict::Approved { reference: "pi_1".into(), amount: ask.amount }
        } else {
            Verdict::Declined { code: "insufficient_funds".into(), reference: None }
        };
        self.done.insert(ask.key.to_string(), (ask.clone(), verdict.clone()));
        verdict
    }

    /// Whether another deed of the same attempt was approved.
    fn is_done(&self, ask: &Ask, deed: Deed) -> bool {
        let Some((_, asked)) = Asked::of_key(&ask.key) else { return false };
        let key = Asked { deed, refund: 0, ..asked }.key(&ask.order);
        matches!(self.done.get(&key), Some((_, Verdict::Approved { .. })))
    }

    fn look_up(&mut self, ask: &Ask) -> Result<Found, ProviderError> {
        self.witnessed.push(Branch::PaymentLookedUp);
        match self.whim() {
            Some(Whim::Away | Whim::LostBefore | Whim::LostAfter) => Err(ProviderError::Unknown("timed out".into())),
            Some(Whim::Slow) => Ok(Found::Pending),
            Some(Whim::Decline | Whim::WrongAmount | Whim::ToldTwice) | None => {
                let found = self.done.get(&*ask.key);
                Ok(found.map_or(Found::Never, |(_, verdict)| Found::Verdict(verdict.clone())))
            }
        }
    }
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
