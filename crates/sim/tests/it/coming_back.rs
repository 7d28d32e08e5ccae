//! Returned goods: approved by the shop, in parts, from auctions and as returned parcels.

use app::commands::answer::Refusal;
use app::commands::{Command, PlaceOrder, ProcessOrder, RefundDecision};
use domain::ids::{OrderId, ProductId};
use domain::money::Money;
use domain::order::fulfilment::Goods as Given;
use domain::order::{Canceller, Payment as Paying, Receiver, Status};
use domain::payment::{Method, State};
use domain::reason::Reason;
use domain::shipment::State as Goods;
use domain::warehouse::State as Stored;

use crate::fulfilment::{agree, ann, awaiting, count, everywhere, pay, payment, process, refund};
use crate::shop::{ANN, Shop, order_of};

/// A paid and delivered order.
fn delivered(shop: &mut Shop) -> (ProductId, OrderId) {
    let (product, order) = awaiting(shop);
    shop.run(process(order.id())).unwrap();
    agree(shop, order.id());
    for state in [Goods::Shipped, Goods::InTransit, Goods::OutForDelivery, Goods::Delivered] {
        shop.run(Command::AdvanceShipment { order: order.id(), state, tracking: None }).unwrap();
    }
    (product, order.id())
}

fn stored(shop: &mut Shop, states: &[Stored]) -> (ProductId, OrderId) {
    let product = shop.product(1_000, 9);
    let wanted = PlaceOrder {
        items: vec![(product, 3)],
        payment: Paying::Prepaid,
        warehouse_storage: true,
        ..order_of(ANN, product)
    };
    let order = shop.place(wanted).id();
    pay(shop, order).unwrap();
    agree(shop, order);
    for state in states {
        shop.run(Command::AdvanceStorage { order, state: *state }).unwrap();
    }
    (product, order)
}

fn ranked(shop: &Shop) -> i64 {
    shop.disk.read(|state| state.sales.values().map(|sales| sales.sold - sales.returned).sum())
}

fn notice_kinds(shop: &Shop) -> Vec<&'static str> {
    shop.disk.read(|state| state.notices.values().map(|notice| notice.kind).collect())
}

/// Goods sold at auction cannot be returned; goods on auction are withdrawn from it in the same commit.
#[test]
fn auctioned_goods_are_not_on_sale_again() {
    everywhere(|shop| {
        let (product, order) = stored(shop, &[Stored::OnAuction, Stored::Sold]);
        assert_eq!(shop.run(refund(order, vec![])), Err(Refusal::GoodsSold));
        assert_eq!(shop.run(refund(order, vec![(product, 1)])), Err(Refusal::GoodsSold));
        assert_eq!(shop.state().products[&product].on_hand, 6);

        let (product, order) = stored(shop, &[Stored::OnAuction]);
        shop.run(refund(order, vec![(product, 1)])).unwrap();
        assert_eq!(
            shop.state().storages[&order].state,
            Stored::InStorage,
            "what comes back is no longer for sale there"
        );
        agree(shop, order);
        shop.run(Command::AdvanceStorage { order, state: Stored::OnAuction }).unwrap();
        shop.run(refund(order, vec![])).unwrap();
        agree(shop, order);
        assert_eq!(shop.state().storages[&order].state, Stored::RemovedFromStorage);
        assert_eq!((shop.order(order).status, shop.state().products[&product].on_hand), (Status::Refunded, 9));
    });
}

/// Delivered goods are refunded when the shop approves, and are on sale again when they arrive.
#[test]
fn a_delivered_order_is_refunded_when_the_shop_approves() {
    everywhere(|shop| {
        let (product, order) = delivered(shop);
        let decide = |decision| Command::DecideRefund { order, decision };
        assert_eq!(shop.run(decide(RefundDecision::Reject { note: "no".into() })), Err(Refusal::NoRefundAsked));
        shop.run(refund(order, vec![])).unwrap();
        assert_eq!(shop.order(order).status, Status::RefundRequested);
        assert_eq!(payment(shop, order).state, State::Captured, "no money moves before the shop decides");
        assert_eq!(shop.run(refund(order, vec![(product, 1)])), Err(Refusal::RefundPending));
        shop.run(refund(order, vec![])).unwrap();

        shop.run(decide(RefundDecision::Reject { note: "it was worn".into() })).unwrap();
        assert_eq!(shop.order(order).status, Status::Completed);
        assert_eq!(notice_kinds(shop).iter().filter(|kind| **kind == "order.refund_rejected").count(), 1);

        shop.run(refund(order, vec![])).unwrap();
        shop.run(decide(RefundDecision::Approve { goods: Given::Awaited })).unwrap();
        agree(shop, order);
        assert_eq!(shop.order(order).status, Status::Refunded);
        let sold = |shop: &Shop| {
            let lamps = &shop.state().products[&product];
            (lamps.on_hand, lamps.sold, lamps.written_off)
        };
        assert_eq!((sold(shop), ranked(shop)), ((6, 3, 0), 0), "the goods are not there yet");
        let arrived = |units, is_written_off| {
            let lines = vec![(product, units)];
            Command::TakeInGoods { order, lines, is_written_off }
        };
        assert_eq!(shop.run(arrived(4, false)), Err(Refusal::NotThatMuchAwaited));
        shop.run(arrived(2, false)).unwrap();
        shop.run(arrived(1, true)).unwrap();
        assert_eq!(sold(shop), (8, 0, 1));
    });
}

#[test]
fn a_partial_refund_of_a_delivered_order_has_a_notice() {
    everywhere(|shop| {
        let (product, order) = delivered(shop);
        shop.run(refund(order, vec![(product, 1)])).unwrap();
        let decision = RefundDecision::Approve { goods: Given::Returned };
        shop.run(Command::DecideRefund { order, decision }).unwrap();
        agree(shop, order);
        assert_eq!((shop.order(order).status, payment(shop, order).refunded), (Status::Completed, Money::won(1_000)));
        assert_eq!((shop.state().products[&product].on_hand, ranked(shop)), (7, 2));
        assert!(notice_kinds(shop).contains(&"order.refunded"));
    });
}

/// An undeliverable parcel requests its refund; the order does not become COMPLETED.
#[test]
fn a_returned_parcel_is_no_delivery() {
    everywhere(|shop| {
        let (product, order) = awaiting(shop);
        shop.run(process(order.id())).unwrap();
        agree(shop, order.id());
        let order = order.id();
        let step = |state| Command::AdvanceShipment { order, state, tracking: None };
        for state in [Goods::Shipped, Goods::InTransit, Goods::OutForDelivery] {
            shop.run(step(state)).unwrap();
        }
        assert_eq!(shop.run(refund(order, vec![])), Err(Refusal::GoodsOnTheWay));
        for state in [Goods::FailedDelivery, Goods::Returned] {
            shop.run(step(state)).unwrap();
        }
        let back = shop.order(order);
        assert_eq!((back.status, back.reason), (Status::RefundRequested, Some(Reason::ShipmentReturned)));
        let decision = RefundDecision::Approve { goods: Given::Returned };
        shop.run(Command::DecideRefund { order, decision }).unwrap();
        agree(shop, order);
        assert_eq!((shop.order(order).status, shop.state().products[&product].on_hand), (Status::Refunded, 9));
    });
}

/// Cancelled and refunded units are removed from the ranking of the day of their sale.
#[test]
fn returned_units_are_not_ranked() {
    everywhere(|shop| {
        let product = shop.product(1_000, 9);
        let order = shop.place(PlaceOrder { items: vec![(product, 5)], ..order_of(ANN, product) });
        assert_eq!(ranked(shop), 5);
        shop.run(Command::CancelOrder { order: order.id(), by: Canceller::Customer, note: None }).unwrap();
        assert_eq!((ranked(shop), shop.state().sales.len()), (0, 1));
    });
}

/// T4: a repeated request changes nothing; another destination is accepted until the goods are committed.
#[test]
fn another_destination_is_accepted_while_the_goods_are_in_the_shop() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        let order = order.id();
        shop.run(process(order)).unwrap();
        agree(shop, order);
        let wish = |receiver: Option<Receiver>, warehouse_storage| {
            Command::ProcessOrder(Box::new(ProcessOrder { order, method: None, receiver, warehouse_storage }))
        };
        let bob = Receiver { name: "Bob".into(), ..ann() };
        let before = count(shop, "OrderProcessingRequested");
        shop.run(process(order)).unwrap();
        assert_eq!(count(shop, "OrderProcessingRequested"), before);
        shop.run(wish(Some(bob.clone()), None)).unwrap();
        assert_eq!((&shop.state().shipments[&order].receiver, shop.order(order).status), (&bob, Status::Preparing));
        shop.run(wish(None, Some(true))).unwrap();
        assert_eq!(shop.order(order).status, Status::Completed);
        let state = shop.state();
        assert_eq!((state.shipments[&order].state, state.storages[&order].state), (Goods::Canceled, Stored::InStorage));
        assert_eq!(shop.run(wish(Some(ann()), Some(false))), Err(Refusal::GoodsCommitted));
        shop.run(refund(order, vec![])).unwrap();
        agree(shop, order);
        assert_eq!(shop.run(wish(Some(ann()), None)), Err(Refusal::OrderNotPayable));
    });
}

#[test]
fn another_payment_method_is_refused_while_a_payment_is_under_way() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        shop.run(process(order.id())).unwrap();
        let method = Some(Method::Account);
        let other = ProcessOrder { order: order.id(), method, receiver: Some(ann()), warehouse_storage: Some(false) };
        assert_eq!(shop.run(Command::ProcessOrder(Box::new(other))), Err(Refusal::PaymentInProgress));
        agree(shop, order.id());
    });
}
