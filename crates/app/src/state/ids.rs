//! Sequential identities, leased from the store in blocks, so that no decision waits for a counter.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::ids::{
    AlertId, ApiKeyId, CampaignId, CouponId, DeadLetterId, DropId, EntryId, NoticeId, OrderId, ProductId, ReceiptId,
    RequestId, UserId, WebhookId,
};
use domain::time::Timestamp;

use crate::state::rows::EventId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sequence {
    User,
    Product,
    Campaign,
    Order,
    Coupon,
    Request,
    Entry,
    Notice,
    Receipt,
    DeadLetter,
    Webhook,
    Alert,
    Drop,
    ApiKey,
}

/// The first number of registered users, far from the numbers in tokens of other systems.
pub const REGISTERED_USER_MIN: i64 = 1_000_000_000_000_000;

impl Sequence {
    pub const ALL: [Sequence; 14] = [
        Sequence::User,
        Sequence::Product,
        Sequence::Campaign,
        Sequence::Order,
        Sequence::Coupon,
        Sequence::Request,
        Sequence::Entry,
        Sequence::Notice,
        Sequence::Receipt,
        Sequence::DeadLetter,
        Sequence::Webhook,
        Sequence::Alert,
        Sequence::Drop,
        Sequence::ApiKey,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Sequence::User => "user",
            Sequence::Product => "product",
            Sequence::Campaign => "campaign",
            Sequence::Order => "order",
            Sequence::Coupon => "coupon",
            Sequence::Request => "request",
            Sequence::Entry => "entry",
            Sequence::Notice => "notice",
            Sequence::Receipt => "receipt",
            Sequence::DeadLetter => "letter",
            Sequence::Webhook => "webhook",
            Sequence::Alert => "alert",
            Sequence::Drop => "drop",
            Sequence::ApiKey => "api_key",
        }
    }

    /// Returns the first number of an empty shop.
    pub const fn first(self) -> i64 {
        match self {
            Sequence::User => REGISTERED_USER_MIN,
            Sequence::Product
            | Sequence::Campaign
            | Sequence::Order
            | Sequence::Coupon
            | Sequence::Request
            | Sequence::Entry
            | Sequence::Notice
            | Sequence::Receipt
            | Sequence::DeadLetter
            | Sequence::Webhook
            | Sequence::Alert
            | Sequence::Drop
            | Sequence::ApiKey => 1,
        }
    }

    /// Returns how many to lease at once. Numbers that people see are leased one by one: a restart leaves no gap in
    /// them.
    const fn block(self) -> i64 {
        match self {
            Sequence::User
            | Sequence::Product
            | Sequence::Campaign
            | Sequence::Webhook
            | Sequence::Alert
            | Sequence::Drop
            | Sequence::ApiKey => 1,
            Sequence::Order
            | Sequence::Coupon
            | Sequence::Request
            | Sequence::Entry
            | Sequence::Notice
            | Sequence::Receipt => 16_384,
            // Few are ever needed, though every delivery may become one.
            Sequence::DeadLetter => 64,
        }
    }
}

/// The leased identities.
#[derive(Debug)]
pub struct Ids {
    blocks: BTreeMap<Sequence, Range<i64>>,
    /// Distinguishes the events of different engines.
    engine: u32,
    events: u64,
}

impl Ids {
    pub fn new(engine: u32) -> Ids {
        Ids { blocks: BTreeMap::new(), engine, events: 0 }
    }

    /// Returns how many numbers must be leased before `need` of them can be taken; `None` when there are enough.
    pub(crate) fn shortage(&self, sequence: Sequence, need: usize) -> Option<i64> {
        let need = i64::try_from(need).unwrap_or(i64::MAX);
        let at_hand = self.blocks.get(&sequence).map_or(0, |block| block.end - block.start);
        (at_hand < need).then(|| need.max(sequence.block()))
    }

    /// Adds a leased block; the rest of the previous one is dropped.
    pub(crate) fn take_over(&mut self, sequence: Sequence, block: Range<i64>) {
        self.blocks.insert(sequence, block);
    }

    pub fn user(&mut self) -> UserId {
        UserId(self.next(Sequence::User))
    }

    pub fn product(&mut self) -> ProductId {
        ProductId(self.next(Sequence::Product))
    }

    pub fn campaign(&mut self) -> CampaignId {
        CampaignId(self.next(Sequence::Campaign))
    }

    pub fn order(&mut self) -> OrderId {
        OrderId(self.next(Sequence::Order))
    }

    pub fn coupon(&mut self) -> CouponId {
        CouponId(self.next(Sequence::Coupon))
    }

    pub fn request(&mut self) -> RequestId {
        RequestId(self.next(Sequence::Request))
    }

    pub fn entry(&mut self) -> EntryId {
        EntryId(self.next(Sequence::Entry))
    }

    pub fn notice(&mut self) -> NoticeId {
        NoticeId(self.next(Sequence::Notice))
    }

    pub fn receipt(&mut self) -> ReceiptId {
        ReceiptId(self.next(Sequence::Receipt))
    }

    pub fn letter(&mut self) -> DeadLetterId {
        DeadLetterId(self.next(Sequence::DeadLetter))
    }

    pub fn webhook(&mut self) -> WebhookId {
        WebhookId(self.next(Sequence::Webhook))
    }

    pub fn alert(&mut self) -> AlertId {
        AlertId(self.next(Sequence::Alert))
    }

    pub fn drop(&mut self) -> DropId {
        DropId(self.next(Sequence::Drop))
    }

    pub fn api_key(&mut self) -> ApiKeyId {
        ApiKeyId(self.next(Sequence::ApiKey))
    }

    /// Returns a time-ordered UUID (version 7 layout): the moment, then this engine, then a count.
    pub fn event(&mut self, at: Timestamp) -> EventId {
        self.events += 1;
        let millis = (at.micros() / 1_000) as u128 & 0xffff_ffff_ffff;
        let count = u128::from(self.events);
        let high = (count >> 30) & 0xfff;
        let low = (u128::from(self.engine) << 30) | (count & 0x3fff_ffff);
        EventId((millis << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)
    }

    fn next(&mut self, sequence: Sequence) -> i64 {
        let block = self.blocks.entry(sequence).or_insert(0..0);
        block.next().expect("a batch leases its identities before it decides")
    }
}
