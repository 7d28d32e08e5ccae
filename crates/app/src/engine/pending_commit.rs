//! What is written and not yet told: first the disk, then the gate, then everybody who waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::coupon::Campaign;
use domain::ids::{CampaignId, UserId};

use super::{Reply, Report};
use crate::commands::answer::{Refusal, Settled};
use crate::ports::{CampaignFacts, Durability, Gate};

/// What a call of [`super::Engine::write_once`] wrote. Dropping it leaves everybody without an answer.
#[must_use]
pub struct Written {
    pub report: Report,
    gate: Arc<dyn Gate>,
    commits: Vec<Told>,
}

/// What is told after one commit.
struct Told {
    durability: Durability,
    lessons: Vec<Lesson>,
    answers: Vec<(Reply, Settled)>,
}

/// What the gate learns of a commit.
pub(super) enum Lesson {
    Facts {
        campaign: Arc<Campaign>,
        holders: Vec<(UserId, i64)>,
        complete: bool,
    },
    /// Nobody can tell what is committed of this campaign.
    Doubt(CampaignId),
}

impl Written {
    pub(super) fn new(gate: Arc<dyn Gate>) -> Written {
        Written { report: Report::default(), gate, commits: vec![] }
    }

    pub(super) fn add(&mut self, durability: Durability, lessons: Vec<Lesson>, answers: Vec<(Reply, Settled)>) {
        self.commits.push(Told { durability, lessons, answers });
    }

    /// At once, because whoever asks the gate must not be refused for what may be untrue; and again in its turn, after
    /// what is still to be learned of earlier commits.
    pub(super) fn doubt(&mut self, campaigns: BTreeSet<CampaignId>) {
        campaigns.iter().for_each(|id| self.gate.forget(*id));
        let lessons = campaigns.into_iter().map(Lesson::Doubt).collect();
        self.add(Durability::Reached, lessons, vec![]);
    }

    /// Makes it durable and tells everybody. May block. If the disk fails, nobody is promised anything, and the report
    /// says that the store broke.
    pub fn settle(self) -> Report {
        let Written { mut report, gate, commits } = self;
        for Told { durability, lessons, answers } in commits {
            match durability.reach() {
                Ok(took) => {
                    report.syncs.extend(took);
                    lessons.into_iter().for_each(|lesson| lesson.teach(&*gate));
                    answers.into_iter().for_each(|(reply, settled)| reply(settled));
                }
                Err(error) => {
                    report.errors.push(error);
                    report.is_broken = true;
                    report.commit_failures += 1;
                    answers.into_iter().for_each(|(reply, _)| reply(Settled::refused(Refusal::Unavailable)));
                }
            }
        }
        report
    }
}

impl Lesson {
    fn teach(self, gate: &dyn Gate) {
        match self {
            Lesson::Facts { campaign, holders, complete } => {
                gate.learn(CampaignFacts { campaign: &campaign, holders: &holders, complete });
            }
            Lesson::Doubt(campaign) => gate.forget(campaign),
        }
    }
}
