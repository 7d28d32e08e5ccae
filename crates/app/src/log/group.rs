//! The consumer groups.

macro_rules! groups {
    ($($variant:ident = $name:literal,)*) => {
        /// A consumer group: it handles every event of its kinds, under either executor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group {
            $($variant,)*
        }

        impl Group {
            pub const ALL: &'static [Group] = &[$(Group::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Group::$variant => $name,)*
                }
            }
        }
    };
}

groups! {
    Stock = "stock-deduction-group",
    Coupon = "coupon-usage-group",
    Point = "point-deduction-group",
    Completion = "order-completion-group",
    CouponRequest = "coupon-request-group",
    CouponResult = "coupon-result-group",
    Notices = "notice-group",
    Ranking = "ranking-group",
    OrderProcessing = "order-processing-group",
    OrderRetry = "order-retry-group",
    Payment = "payment-group",
}

impl Group {
    pub fn from_name(name: &str) -> Option<Group> {
        Group::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// Returns the groups that the executor and the carrier are about: they run in the deciding commit, or after it over a
    /// log, and their offsets move with a switch between the two.
    pub fn carried() -> impl Iterator<Item = Group> {
        Group::ALL.iter().copied()
    }

    /// Returns true if the domain detects repeated events by itself. For other groups the inbox detects them, and the
    /// audit expects every event there: a change that adds kinds to such a group must write `offset_skip` rows for
    /// earlier events.
    pub const fn is_idempotent(self) -> bool {
        !matches!(self, Group::Notices | Group::Ranking)
    }

    /// Returns true if a record for this group is compared with the store's own event. Requests to a participant, a
    /// campaign or the provider are not: the rows that the group works on show if they are true
    /// (`docs/decisions/0051`).
    pub const fn needs_proof(self) -> bool {
        match self {
            // The rows show everything of a report but its moment.
            Group::Completion | Group::Notices | Group::Ranking | Group::OrderProcessing | Group::OrderRetry => true,
            Group::Stock
            | Group::Coupon
            | Group::Point
            | Group::CouponRequest
            | Group::CouponResult
            | Group::Payment => false,
        }
    }
}
