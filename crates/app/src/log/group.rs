//! The consumer groups.

macro_rules! groups {
    (
        carried { $($carried:ident = $carried_name:literal,)* }
        trailing { $($trailing:ident = $trailing_name:literal,)* }
    ) => {
        /// A consumer group: it handles every event of its kinds, under either executor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group {
            $($carried,)*
            $($trailing,)*
        }

        impl Group {
            pub const ALL: &'static [Group] = &[$(Group::$carried,)* $(Group::$trailing,)*];

            /// The groups to which the executor carries their events: they react inline, or read the log or a broker.
            pub const CARRIED: &'static [Group] = &[$(Group::$carried,)*];

            /// The groups that read the store's own events after their commit, under every executor
            /// ([`crate::log::trailing`]).
            pub const TRAILING: &'static [Group] = &[$(Group::$trailing,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Group::$carried => $carried_name,)*
                    $(Group::$trailing => $trailing_name,)*
                }
            }

            /// Returns true if the group runs after the commit, on the store's own events.
            pub const fn is_trailing(self) -> bool {
                match self {
                    $(Group::$carried => false,)*
                    $(Group::$trailing => true,)*
                }
            }
        }
    };
}

groups! {
    carried {
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
    trailing {
        CouponStatistics = "coupon-statistics-group",
        OrderStatistics = "order-statistics-group",
        OrderAnalytics = "order-analytics-group",
        Webhooks = "webhook-group",
        Alerts = "alert-group",
        AlertMails = "alert-mail-group",
        CouponNotifications = "coupon-notification-group",
        OrderNotifications = "order-notification-group",
    }
}

impl Group {
    pub fn from_name(name: &str) -> Option<Group> {
        Group::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// Returns the groups that the executor and the carrier are about: they run in the deciding commit, or after it over a
    /// log, and their offsets move with a switch between the two.
    pub fn carried() -> impl Iterator<Item = Group> {
        Group::CARRIED.iter().copied()
    }

    /// Returns the groups that keep an inbox, because the domain does not detect their repeated events.
    pub fn with_inbox() -> impl Iterator<Item = Group> {
        Group::carried().filter(|group| !group.is_idempotent())
    }

    /// Returns true if its dead letters are notifications that could not be sent.
    pub const fn notifies(self) -> bool {
        matches!(self, Group::CouponNotifications | Group::OrderNotifications)
    }

    /// Returns true if the event of its dead letters may be edited. A notification is made from the store's own event at
    /// every attempt, and not from the letter, so that an edit would have no effect.
    pub const fn takes_edits(self) -> bool {
        !self.notifies()
    }

    /// Returns the groups that have dead letters of their own.
    pub fn with_letters() -> impl Iterator<Item = Group> {
        Group::ALL.iter().copied().filter(|group| !group.is_trailing() || group.notifies())
    }

    /// Returns true if the domain detects repeated events by itself. For other groups the inbox detects them, and the
    /// audit expects every event there: a change that adds kinds to such a group must write `offset_skip` rows for
    /// earlier events. A trailing group needs no inbox: its effect and its offset are one commit.
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
            // They read the store's own events.
            Group::CouponStatistics
            | Group::OrderStatistics
            | Group::OrderAnalytics
            | Group::Webhooks
            | Group::Alerts
            | Group::AlertMails
            | Group::CouponNotifications
            | Group::OrderNotifications => false,
        }
    }
}
