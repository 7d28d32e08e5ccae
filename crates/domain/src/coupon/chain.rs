//! The chain of a campaign: one link for each issue, in the order of decision.
//!
//! The chain is computed from the issues, which never change: numbers run from 1 without gap. So issuing costs nothing more,
//! and a receipt that was given out contradicts any later change. Links are sealed like those of a drop's chain.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::drops::{Sealed, hex, hidden};
use crate::ids::{CampaignId, CouponId, UserId};
use crate::time::Timestamp;

/// The kind of every link.
pub const ISSUED: &str = "ISSUED";
/// Links of a segment, whose issues are read together.
const SEGMENT: i64 = 1_000;

/// A coupon that was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    pub coupon: CouponId,
    /// The issue number.
    pub number: i64,
    pub user: UserId,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub number: i64,
    pub at: Timestamp,
    /// The keyed hash of the customer in hexadecimal.
    pub customer: String,
    pub previous: String,
    pub hash: String,
}

/// Consecutive links, of which only the ends are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub first: i64,
    pub last: i64,
    /// The coupons with the lowest and the highest number.
    pub lowest: CouponId,
    pub highest: CouponId,
    before: String,
    head: String,
}

/// A campaign's chain up to the issues that were read.
#[derive(Clone, Debug)]
pub struct Chain {
    key: [u8; 32],
    beginning: String,
    segments: Vec<Segment>,
    /// Issues whose predecessors were not read yet: processes lease the coupons' numbers in blocks.
    early: BTreeMap<i64, Issue>,
    read_to: Option<CouponId>,
}

impl Chain {
    /// Begins a chain. The key hides customers, and is never published.
    pub fn new(campaign: CampaignId, key: [u8; 32]) -> Chain {
        Chain { key, beginning: beginning(campaign), segments: vec![], early: BTreeMap::new(), read_to: None }
    }

    /// Returns the number of the last link; 0 without any.
    pub fn links(&self) -> i64 {
        self.segments.last().map_or(0, |segment| segment.last)
    }

    pub fn head(&self) -> &str {
        self.segments.last().map_or(&self.beginning, |segment| &segment.head)
    }

    /// Returns the highest number of a coupon that was read.
    pub const fn read_to(&self) -> Option<CouponId> {
        self.read_to
    }

    /// Adds issues, in any order; those that are known are skipped.
    pub fn take(&mut self, issues: &[Issue]) {
        for issue in issues {
            self.read_to = self.read_to.max(Some(issue.coupon));
            if issue.number > self.links() {
                self.early.insert(issue.number, *issue);
            }
            while let Some(next) = self.early.remove(&(self.links() + 1)) {
                self.append(&next);
            }
        }
    }

    fn append(&mut self, issue: &Issue) {
        let link = seal(&self.key, self.head().to_owned(), issue);
        match self.segments.last_mut().filter(|segment| segment.last - segment.first + 1 < SEGMENT) {
            Some(segment) => {
                segment.last = issue.number;
                segment.lowest = segment.lowest.min(issue.coupon);
                segment.highest = segment.highest.max(issue.coupon);
                segment.head = link.hash;
            }
            None => self.segments.push(Segment {
                first: issue.number,
                last: issue.number,
                lowest: issue.coupon,
                highest: issue.coupon,
                before: link.previous,
                head: link.hash,
            }),
        }
    }

    /// Returns the segment with a link.
    pub fn segment(&self, number: i64) -> Option<&Segment> {
        let place = self.segments.partition_point(|segment| segment.last < number);
        self.segments.get(place).filter(|segment| segment.first <= number)
    }

    /// Returns the links of a segment from its issues; `None` if they are not those that were read before.
    pub fn links_of(&self, segment: &Segment, mut issues: Vec<Issue>) -> Option<Vec<Link>> {
        issues.retain(|issue| (segment.first..=segment.last).contains(&issue.number));
        issues.sort_unstable_by_key(|issue| issue.number);
        if !issues.iter().map(|issue| issue.number).eq(segment.first..=segment.last) {
            return None;
        }
        let mut links: Vec<Link> = Vec::with_capacity(issues.len());
        for issue in &issues {
            let previous = links.last().map_or(&segment.before, |link| &link.hash).clone();
            links.push(seal(&self.key, previous, issue));
        }
        links.last().is_some_and(|last| last.hash == segment.head).then_some(links)
    }
}

fn beginning(campaign: CampaignId) -> String {
    hex(&Sha256::digest(format!("doorbuster coupon {campaign}")).into())
}

fn seal(key: &[u8; 32], previous: String, issue: &Issue) -> Link {
    let Issue { number, user, at, .. } = *issue;
    let customer = hidden(key, user);
    let sealed = Sealed { previous: &previous, number, at, customer: &customer, kind: ISSUED, subject: number };
    let hash = sealed.hash();
    Link { number, at, customer, previous, hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: CampaignId = CampaignId(3);

    fn issue(number: i64) -> Issue {
        Issue { coupon: CouponId(number + 7), number, user: UserId(number % 5), at: Timestamp::from_micros(number) }
    }

    fn chain(numbers: impl IntoIterator<Item = i64>) -> Chain {
        let mut chain = Chain::new(SALE, [1; 32]);
        chain.take(&numbers.into_iter().map(issue).collect::<Vec<_>>());
        chain
    }

    #[test]
    fn the_order_of_reading_does_not_matter() {
        let (forward, backward) = (chain(1..=2_500), chain((1..=2_500).rev()));
        assert_eq!((forward.links(), forward.head()), (2_500, backward.head()));
        assert_eq!(chain(1..=2_499).segment(2_500), None);
        let with_a_gap = chain((1..=10).filter(|number| *number != 4));
        assert_eq!((with_a_gap.links(), with_a_gap.read_to()), (3, Some(CouponId(17))));
    }

    #[test]
    fn a_segment_gives_its_links_back() {
        let chain = chain(1..=2_500);
        let segment = chain.segment(1_001).unwrap();
        assert_eq!((segment.first, segment.last, segment.lowest), (1_001, 2_000, CouponId(1_008)));
        let links = chain.links_of(segment, (900..2_200).rev().map(issue).collect()).unwrap();
        assert_eq!((links.len(), links[0].number), (1_000, 1_001));
        assert!(links.windows(2).all(|pair| pair[1].previous == pair[0].hash));
        assert_eq!(links[999].hash, chain.segment(2_001).unwrap().before);
    }

    #[test]
    fn a_changed_issue_is_noticed() {
        let chain = chain(1..=10);
        let segment = chain.segment(5).unwrap();
        let mut issues: Vec<Issue> = (1..=10).map(issue).collect();
        issues[4].user = UserId(99);
        assert_eq!(chain.links_of(segment, issues), None);
        assert_eq!(chain.links_of(segment, (2..=10).map(issue).collect()), None);
    }
}
