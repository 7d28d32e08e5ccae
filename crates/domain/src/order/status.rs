//! The life cycle of an order and its transition table.

use crate::word::words;

words! {
    /// The order's life cycle, with the states of source 003 (O-37).
    pub enum Status {
        Created = "CREATED",
        PendingPayment = "PENDING_PAYMENT",
        PaymentCompleted = "PAYMENT_COMPLETED",
        Preparing = "PREPARING",
        InWarehouse = "IN_WAREHOUSE",
        ShipmentStarted = "SHIPMENT_STARTED",
        InTransit = "IN_TRANSIT",
        Completed = "COMPLETED",
        RefundRequested = "REFUND_REQUESTED",
        Refunded = "REFUNDED",
        Cancelled = "CANCELLED",
    }
}

impl Status {
    pub const fn description(self) -> &'static str {
        match self {
            Status::Created => "The order was received.",
            Status::PendingPayment => "Everything is reserved; payment is due.",
            Status::PaymentCompleted => "The order is paid.",
            Status::Preparing => "The order is being prepared.",
            Status::InWarehouse => "The goods are in the warehouse.",
            Status::ShipmentStarted => "The goods were shipped.",
            Status::InTransit => "The goods are on their way.",
            Status::Completed => "The order is complete.",
            Status::RefundRequested => "A refund was requested.",
            Status::Refunded => "The refund is complete.",
            Status::Cancelled => "The order was cancelled.",
        }
    }

    /// Progress of the order in percent.
    pub const fn progress(self) -> u8 {
        match self {
            Status::Created => 10,
            Status::PendingPayment => 20,
            Status::PaymentCompleted => 40,
            Status::Preparing => 50,
            Status::InWarehouse => 60,
            Status::ShipmentStarted => 70,
            Status::InTransit => 80,
            Status::Completed | Status::RefundRequested | Status::Refunded => 100,
            Status::Cancelled => 0,
        }
    }

    /// Returns whether the whole order can still be cancelled. Afterwards it can only be refunded.
    pub const fn is_cancellable(self) -> bool {
        self.can_become(Status::Cancelled)
    }

    pub const fn is_refundable(self) -> bool {
        self.can_become(Status::RefundRequested)
    }

    /// The transition table; every other change of status is rejected (O-38, T21).
    pub const fn can_become(self, next: Status) -> bool {
        use Status::{
            Cancelled, Completed, Created, InTransit, InWarehouse, PaymentCompleted, PendingPayment, Preparing,
            RefundRequested, Refunded, ShipmentStarted,
        };
        match self {
            Created => matches!(next, PendingPayment | PaymentCompleted | Preparing | Cancelled),
            PendingPayment => matches!(next, PaymentCompleted | Cancelled),
            PaymentCompleted => matches!(next, Preparing | InWarehouse | RefundRequested | Cancelled),
            Preparing => matches!(next, ShipmentStarted | InWarehouse | RefundRequested | Cancelled),
            InWarehouse => matches!(next, ShipmentStarted | Completed | RefundRequested),
            ShipmentStarted => matches!(next, InTransit),
            // RefundRequested: the parcel was returned.
            InTransit => matches!(next, Completed | RefundRequested),
            Completed => matches!(next, RefundRequested),
            // Completed and InTransit: the shop rejected the request, or refunded a part.
            RefundRequested => matches!(next, Refunded | Completed | InTransit),
            Refunded | Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// O-38: rows are the present status, columns the next one, both in the order of [`Status::ALL`].
    const TABLE: [&str; 11] = [
        // C PP PC PR IW SS IT CO RR RF CA
        ".XXX......X",
        "..X.......X",
        "...XX...X.X",
        "....XX..X.X",
        ".....X.XX..",
        "......X....",
        ".......XX..",
        "........X..",
        "......XX.X.",
        "...........",
        "...........",
    ];

    #[test]
    fn the_status_changes_only_along_the_table() {
        for (from, row) in Status::ALL.into_iter().zip(TABLE) {
            for (to, cell) in Status::ALL.into_iter().zip(row.chars()) {
                assert_eq!(from.can_become(to), cell == 'X', "{} → {}", from.name(), to.name());
            }
        }
    }

    #[test]
    fn an_order_is_cancellable_only_before_its_goods_leave() {
        let cancellable: Vec<_> = Status::ALL.into_iter().filter(|status| status.is_cancellable()).collect();
        let early = [Status::Created, Status::PendingPayment, Status::PaymentCompleted, Status::Preparing];
        assert_eq!(cancellable, early);
    }

    #[test]
    fn every_status_has_its_own_name_and_description() {
        for (place, status) in Status::ALL.into_iter().enumerate() {
            let others = &Status::ALL[place + 1..];
            assert!(others.iter().all(|other| other.name() != status.name()));
            assert!(others.iter().all(|other| other.description() != status.description()));
        }
    }

    #[test]
    fn progress_only_grows_on_the_way_to_completion() {
        // After a rejected refund the order returns to its earlier status.
        for from in Status::ALL.into_iter().filter(|from| *from != Status::RefundRequested) {
            let further = Status::ALL.into_iter().filter(|to| from.can_become(*to) && *to != Status::Cancelled);
            for to in further {
                assert!(from.progress() <= to.progress(), "{} → {}", from.name(), to.name());
            }
        }
    }
}
