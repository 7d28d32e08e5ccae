//! Identities: sequential numbers inside, so that no random key is inserted into a large index; keyed permutations for
//! display, so that a code does not reveal how many there are.

use std::fmt;
use std::hash::Hasher as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use siphasher::sip::SipHasher13;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A customer or admin; also the number of their points account.
    UserId
);
id!(ProductId);
id!(
    /// A coupon campaign; `couponId` on the wire, as in the sources.
    CampaignId
);
id!(
    /// An order; shown as its order number.
    OrderId
);
id!(
    /// One issued coupon; `userCouponId` on the wire.
    CouponId
);
id!(
    /// A request for a coupon that is decided later.
    RequestId
);
id!(
    /// An entry of the points ledger.
    EntryId
);
id!(NoticeId);
id!(ReceiptId);
id!(
    /// An event that a consumer group has given up.
    DeadLetterId
);
id!(
    /// An endpoint that receives webhooks.
    WebhookId
);
id!(
    /// An alert.
    AlertId
);
id!(
    /// A sale with a beginning, an end and limits.
    DropId
);
id!(
    /// An API key.
    ApiKeyId
);

/// A displayed identity such as `ORD-4F7K2M9Q`; clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub Arc<str>);

impl Code {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Code {
        Code(Arc::from(text))
    }
}

/// The kind of a code; its prefix keeps an order's code from being read as a coupon's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Order,
    Coupon,
    Request,
    Payment,
    Ticket,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Kind::Order => "ORD-",
            Kind::Coupon => "UC-",
            Kind::Request => "req-",
            Kind::Payment => "PAY-",
            Kind::Ticket => "QT-",
        }
    }
}

/// Crockford's base 32, without the easily misread I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The value of each byte as a digit.
const VALUES: [Option<u8>; 256] = {
    let mut values = [None; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        values[DIGITS[value] as usize] = Some(value as u8);
        value += 1;
    }
    values
};
const DIGIT_COUNT: usize = 8;
const HALF_BITS: u32 = 20;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: u8 = 4;
/// The largest identity that has a code: 2^40 - 1, about 1.1 million million.
pub const CODED_ID_MAX: i64 = (1 << (2 * HALF_BITS)) - 1;

/// Turns sequential identities into codes and back with a four-round Feistel network under the shop's own key.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    key: [u8; 16],
}

impl Codec {
    pub const fn new(key: [u8; 16]) -> Codec {
        Codec { key }
    }

    pub fn order(&self, id: OrderId) -> Code {
        self.encode(Kind::Order, id.0)
    }

    /// The code of an order's one payment. Its identity is the order's, with another prefix and permutation.
    pub fn payment(&self, order: OrderId) -> Code {
        self.encode(Kind::Payment, order.0)
    }

    pub fn coupon(&self, id: CouponId) -> Code {
        self.encode(Kind::Coupon, id.0)
    }

    pub fn request(&self, id: RequestId) -> Code {
        self.encode(Kind::Request, id.0)
    }

    /// The code of a ticket of a drop's waiting room. It is compared, and never decoded.
    pub fn ticket(&self, drop: DropId, number: i64) -> Code {
        const NUMBER_BITS: u32 = 28;
        let drop = drop.0 & ((1 << (2 * HALF_BITS - NUMBER_BITS)) - 1);
        self.encode(Kind::Ticket, (drop << NUMBER_BITS) | (number & ((1 << NUMBER_BITS) - 1)))
    }

    /// A keyed hash of the provider's fingerprint of a card. It differs from drop to drop, and cannot be decoded.
    pub fn card(&self, drop: DropId, fingerprint: &str) -> [u8; 16] {
        let digest = Sha256::new().chain_update(self.key).chain_update(format!("card {drop} {fingerprint}")).finalize();
        std::array::from_fn(|place| digest[place])
    }

    /// The order that a code names; `None` if the code is malformed or of another kind.
    pub fn order_id(&self, code: &str) -> Option<OrderId> {
        self.decode(Kind::Order, code).map(OrderId)
    }

    /// The order whose payment a code names.
    pub fn payment_order(&self, code: &str) -> Option<OrderId> {
        self.decode(Kind::Payment, code).map(OrderId)
    }

    pub fn coupon_id(&self, code: &str) -> Option<CouponId> {
        self.decode(Kind::Coupon, code).map(CouponId)
    }

    pub fn request_id(&self, code: &str) -> Option<RequestId> {
        self.decode(Kind::Request, code).map(RequestId)
    }

    /// The key that hides customers in the chain of a campaign. It cannot be computed without the shop's own key.
    pub fn chain_key(&self, campaign: CampaignId) -> [u8; 32] {
        let purpose = format!("doorbuster chain of campaign {campaign}\n");
        Sha256::new().chain_update(purpose).chain_update(self.key).finalize().into()
    }

    fn encode(&self, kind: Kind, id: i64) -> Code {
        assert!((0..=CODED_ID_MAX).contains(&id), "identities are leased from 1 and stay below 2^40");
        let mut bits = self.permute(kind, id.unsigned_abs());
        let mut digits = [0_u8; DIGIT_COUNT];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[(bits & 31) as usize];
            bits >>= 5;
        }
        let digits = std::str::from_utf8(&digits).expect("the digits are ASCII");
        let mut text = String::with_capacity(kind.prefix().len() + DIGIT_COUNT);
        text.push_str(kind.prefix());
        text.push_str(digits);
        Code(Arc::from(text))
    }

    fn decode(&self, kind: Kind, code: &str) -> Option<i64> {
        let digits = code.strip_prefix(kind.prefix())?.as_bytes();
        if digits.len() != DIGIT_COUNT {
            return None;
        }
        let mut bits = 0_u64;
        for digit in digits {
            let value = VALUES[usize::from(*digit)]?;
            bits = (bits << 5) | u64::from(value);
        }
        i64::try_from(self.restore(kind, bits)).ok()
    }

    fn permute(&self, kind: Kind, id: u64) -> u64 {
        let (mut left, mut right) = (id >> HALF_BITS, id & HALF_MASK);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mix(kind, round, right));
        }
        (left << HALF_BITS) | right
    }

    fn restore(&self, kind: Kind, bits: u64) -> u64 {
        let (mut left, mut right) = (bits >> HALF_BITS, bits & HALF_MASK);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mix(kind, round, left), left);
        }
        (left << HALF_BITS) | right
    }

    fn mix(&self, kind: Kind, round: u8, half: u64) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u8(kind as u8);
        hasher.write_u8(round);
        hasher.write_u64(half);
        hasher.finish() & HALF_MASK
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODEC: Codec = Codec::new([7; 16]);

    #[test]
    fn a_code_of_another_kind_is_not_read() {
        let code = CODEC.coupon(CouponId(1));
        assert_eq!(CODEC.order_id(code.as_str()), None);
        assert_eq!(CODEC.coupon_id(code.as_str()), Some(CouponId(1)));
    }

    #[test]
    fn codes_of_neighbouring_identities_differ() {
        assert_ne!(CODEC.order(OrderId(1)).as_str()[..8], CODEC.order(OrderId(2)).as_str()[..8]);
    }

    proptest! {
        #[test]
        fn every_identity_survives_its_code(id in 0..=CODED_ID_MAX, key: [u8; 16]) {
            let codec = Codec::new(key);
            prop_assert_eq!(codec.order_id(codec.order(OrderId(id)).as_str()), Some(OrderId(id)));
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = CODEC.order_id(&text);
            let _ = CODEC.request_id(&text);
        }
    }
}
