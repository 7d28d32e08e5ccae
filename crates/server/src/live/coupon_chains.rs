//! The chains of campaigns, as far as this process has read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::StoreError;
use app::ports::views::{IssuePath, Views, WantedIssues};
use domain::coupon::chain::{Chain, Link, Segment};
use domain::ids::{CampaignId, Codec, CouponId};
use parking_lot::Mutex;

/// Campaigns whose chains are kept.
const CHAINS_MAX: usize = 256;
/// A campaign with at most this many issues is read as a whole, so that no order of numbers hides one.
const FEW: usize = 10_000;
/// Issues read at once.
const PAGE: usize = 2_000;
/// Coupons of all campaigns that are passed to read a segment; for more, those of its campaign are.
const NARROW: i64 = 100_000;
/// A head is at most this old while coupons are issued.
const HEAD_AGE: Duration = Duration::from_secs(1);
/// Pause after a large campaign was read from its beginning again.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// The chains of campaigns, as far as this process has read them.
#[derive(Default)]
pub struct Chains(Mutex<BTreeMap<CampaignId, Arc<tokio::sync::Mutex<Known>>>>);

struct Known {
    campaign: CampaignId,
    chain: Chain,
    read_at: Option<Instant>,
    read_again_at: Option<Instant>,
}

impl Chains {
    pub(crate) fn of(&self, codec: &Codec, campaign: CampaignId) -> Reader {
        let mut chains = self.0.lock();
        if chains.len() >= CHAINS_MAX && !chains.contains_key(&campaign) {
            chains.pop_first();
        }
        let new = || {
            let chain = Chain::new(campaign, codec.chain_key(campaign));
            Arc::new(tokio::sync::Mutex::new(Known { campaign, chain, read_at: None, read_again_at: None }))
        };
        let known = Arc::clone(chains.entry(campaign).or_insert_with(new));
        Reader { campaign, known }
    }
}

impl Known {
    /// Reads the issues that are not in the chain yet, unless it has the wanted link and was read a moment ago.
    async fn advance(&mut self, views: &dyn Views, issued: i64, wanted: i64) -> Result<(), StoreError> {
        let is_fresh = self.read_at.is_some_and(|at| at.elapsed() < HEAD_AGE);
        if self.chain.links() >= issued || (self.chain.links() >= wanted && is_fresh) {
            return Ok(());
        }
        if usize::try_from(issued).is_ok_and(|count| count <= FEW) {
            let wanted = WantedIssues {
                campaign: self.campaign,
                coupons: CouponId(0)..=CouponId(i64::MAX),
                numbers: self.chain.links() + 1..=i64::MAX,
                limit: FEW,
                path: IssuePath::Campaign,
            };
            self.chain.take(&views.issues(wanted).await?);
        } else {
            self.walk(views, issued, wanted).await?;
        }
        self.read_at = Some(Instant::now());
        Ok(())
    }

    /// Reads on from the last coupon. Another process may have issued one with a lower number since then: then the campaign
    /// is read from its beginning again, but not all the time.
    async fn walk(&mut self, views: &dyn Views, issued: i64, wanted: i64) -> Result<(), StoreError> {
        let from = match self.chain.read_to() {
            Some(last) => Some(CouponId(last.0 + 1)),
            None => views.first_issue(self.campaign).await?,
        };
        self.read_from(views, issued, from).await?;
        let may_read_again = self.read_again_at.is_none_or(|at| at.elapsed() >= READ_AGAIN);
        if self.chain.links() < wanted && may_read_again {
            let from = views.first_issue(self.campaign).await?;
            self.read_from(views, issued, from).await?;
            self.read_again_at = Some(Instant::now());
        }
        Ok(())
    }

    async fn read_from(&mut self, views: &dyn Views, issued: i64, from: Option<CouponId>) -> Result<(), StoreError> {
        let Some(mut from) = from else { return Ok(()) };
        while self.chain.links() < issued {
            let wanted = WantedIssues {
                campaign: self.campaign,
                coupons: from..=CouponId(i64::MAX),
                numbers: self.chain.links() + 1..=i64::MAX,
                limit: PAGE,
                path: IssuePath::Numbers,
            };
            let issues = views.issues(wanted).await?;
            let Some(last) = issues.last() else { return Ok(()) };
            from = CouponId(last.coupon.0 + 1);
            self.chain.take(&issues);
        }
        Ok(())
    }
}

/// A campaign with its chain.
#[derive(Clone)]
pub(crate) struct Reader {
    campaign: CampaignId,
    known: Arc<tokio::sync::Mutex<Known>>,
}

impl Reader {
    /// Reads on until the chain has a link, and to its end unless that was done a moment ago. Returns the number of links and
    /// the head.
    pub(crate) async fn advance(
        &self,
        views: &dyn Views,
        issued: i64,
        wanted: i64,
    ) -> Result<(i64, String), StoreError> {
        let mut known = self.known.lock().await;
        known.advance(views, issued, wanted).await?;
        Ok((known.chain.links(), known.chain.head().to_owned()))
    }

    /// Returns the segment with a link, if it was read.
    pub(crate) async fn segment(&self, number: i64) -> Option<Segment> {
        self.known.lock().await.chain.segment(number).cloned()
    }

    /// Reads the links of a segment again.
    pub(crate) async fn links_of(&self, views: &dyn Views, segment: &Segment) -> Result<Vec<Link>, StoreError> {
        let is_narrow = segment.highest.0.saturating_sub(segment.lowest.0) <= NARROW;
        let wanted = WantedIssues {
            campaign: self.campaign,
            coupons: segment.lowest..=segment.highest,
            numbers: segment.first..=segment.last,
            limit: PAGE,
            path: if is_narrow { IssuePath::Numbers } else { IssuePath::Campaign },
        };
        let issues = views.issues(wanted).await?;
        let known = self.known.lock().await;
        let changed = || {
            StoreError::Failed(format!("the coupons of campaign {} have changed since they were read", self.campaign))
        };
        known.chain.links_of(segment, issues).ok_or_else(changed)
    }
}
