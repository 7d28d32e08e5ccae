//! A commit that is written and not yet answered: it becomes durable, the gate is updated, then everyone is answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::coupon::Campaign;
use domain::ids::{CampaignId, UserId};

use super::{Report, Responder};
use crate::commands::answer::{Refusal, Reply};
use crate::ports::{CampaignFacts, Durability, Gate};

/// The commits that a call of [`super::Engine::write_once`] wrote. Dropping it drops all replies.
#[must_use]
pub struct PendingCommit {
    pub report: Report,
    gate: Arc<dyn Gate>,
    commits: Vec<Completion>,
}

/// The updates and replies after one commit.
struct Completion {
    durability: Durability,
    updates: Vec<GateUpdate>,
    answers: Vec<(Responder, Reply)>,
}

/// An update of the gate after a commit.
pub(super) enum GateUpdate {
    Facts {
        campaign: Arc<Campaign>,
        holders: Vec<(UserId, i64)>,
        complete: bool,
    },
    /// The committed state of this campaign is unknown.
    Doubt(CampaignId),
}

impl PendingCommit {
    pub(super) fn new(gate: Arc<dyn Gate>) -> PendingCommit {
        PendingCommit { report: Report::default(), gate, commits: vec![] }
    }

    pub(super) fn add(&mut self, durability: Durability, updates: Vec<GateUpdate>, answers: Vec<(Responder, Reply)>) {
        self.commits.push(Completion { durability, updates, answers });
    }

    /// Forgets at once, so that the gate refuses nothing by an outdated state, and again in its turn, after the updates
    /// of earlier commits.
    pub(super) fn doubt(&mut self, campaigns: BTreeSet<CampaignId>) {
        campaigns.iter().for_each(|id| self.gate.forget(*id));
        let updates = campaigns.into_iter().map(GateUpdate::Doubt).collect();
        self.add(Durability::Reached, updates, vec![]);
    }

    /// Waits until the commits are durable, then updates the gate and sends the replies. May block. If the disk fails,
    /// no reply promises anything, and the report says that the store is broken.
    pub fn complete(self) -> Report {
        let PendingCommit { mut report, gate, commits } = self;
        for Completion { durability, updates, answers } in commits {
            match durability.reach() {
                Ok(took) => {
                    report.syncs.extend(took);
                    updates.into_iter().for_each(|update| update.apply(&*gate));
                    answers.into_iter().for_each(|(responder, reply)| responder(reply));
                }
                Err(error) => {
                    report.errors.push(error);
                    report.is_broken = true;
                    report.commit_failures += 1;
                    answers.into_iter().for_each(|(responder, _)| responder(Reply::refused(Refusal::Unavailable)));
                }
            }
        }
        report
    }
}

impl GateUpdate {
    fn apply(self, gate: &dyn Gate) {
        match self {
            GateUpdate::Facts { campaign, holders, complete } => {
                gate.apply(CampaignFacts { campaign: &campaign, holders: &holders, complete });
            }
            GateUpdate::Doubt(campaign) => gate.forget(campaign),
        }
    }
}
