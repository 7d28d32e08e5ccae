//! Every action that an operator has on an order in its state. The rules themselves are asked, so that the page offers what
//! the API accepts.

use app::state::rows::Fulfilment;
use domain::order::fulfilment::{Command as Fulfil, Goods};
use domain::order::{Canceller, Command, Order, Whereabouts};
use domain::payment;
use domain::{shipment, warehouse};
use maud::{Markup, html};

use crate::api::texts::{Text, dashboard, order_page};
use crate::web::admin::forms::{Act, Field, Kind, act};
use crate::web::admin::frame::Operator;

/// An order, with everything that its actions depend on.
pub(super) struct Situation<'a> {
    pub(super) operator: &'a Operator,
    pub(super) order: &'a Order,
    pub(super) fulfilment: &'a Fulfilment,
    /// The payment's id.
    pub(super) payment: Option<&'a str>,
}

/// Shows the actions.
pub(super) fn actions(of: &Situation<'_>) -> Markup {
    let offered = [claims(of), refunds(of), arrivals(of), payments(of), shipments(of), storages(of)].concat();
    html! {
        @if offered.is_empty() { p.soft { (of.operator.say(dashboard::NO_ACTIONS)) } }
        @for one in &offered { (one) }
    }
}

impl Situation<'_> {
    fn allows(&self, command: &Command) -> bool {
        self.order.allows(command, self.operator.0.now)
    }

    fn allows_to(&self, command: Fulfil) -> bool {
        self.allows(&Command::Fulfil(command))
    }

    /// The path of a call about the order.
    fn path(&self, of: &str, verb: &str) -> String {
        format!("/api/admin/{of}/{}{verb}", self.order.created.number)
    }

    fn post(&self, path: &str, words: [Text; 2], fields: Vec<Field<'_>>, is_grave: bool) -> Markup {
        let [label, says] = words;
        act(self.operator, &Act { label, says, method: "POST", path, fields, is_grave })
    }

    fn patch(&self, path: &str, words: [Text; 2], fields: Vec<Field<'_>>) -> Markup {
        let [label, says] = words;
        act(self.operator, &Act { label, says, method: "PATCH", path, fields, is_grave: false })
    }

    /// The fields that name some units of one product instead of all, if there is a choice.
    fn some_of(&self, units: impl Fn(usize) -> i64) -> Vec<Field<'_>> {
        let lines = self.order.created.lines.iter().enumerate();
        let left: Vec<(i64, &str, i64)> = lines
            .map(|(place, line)| (line.product.0, &*line.name, units(place)))
            .filter(|(_, _, units)| *units > 0)
            .collect();
        if left.iter().map(|(_, _, units)| units).sum::<i64>() < 2 {
            return vec![];
        }
        let products = left.into_iter().map(|(product, name, _)| (product, name)).collect();
        vec![
            Field::new("lines.0.productId", order_page::ONLY_PRODUCT, Kind::Numbered(products)).optional(),
            Field::new("lines.0.quantity", order_page::ONLY_UNITS, Kind::Number(None)).optional(),
        ]
    }

    /// The field that says what happens to goods that have left.
    fn goods(&self) -> Field<'_> {
        let name = |goods| match goods {
            Goods::Awaited => order_page::GOODS_AWAITED,
            Goods::Returned => order_page::GOODS_RETURNED,
            Goods::WrittenOff => order_page::GOODS_WRITTEN_OFF,
        };
        let choices = [Goods::Awaited, Goods::Returned, Goods::WrittenOff]
            .map(|goods| (goods.name(), self.operator.say(name(goods))));
        Field::new("goods", order_page::GOODS, Kind::Choice(choices.to_vec()))
    }
}

/// The claims of the order: given back, held for longer, or restored.
fn claims(of: &Situation<'_>) -> Vec<Markup> {
    let (by, path) = (of.order.user(), |verb: &str| of.path("orders", verb));
    let mut offered = vec![];
    if of.allows(&Command::Cancel { by: Canceller::Admin, note: None }) {
        let words = [dashboard::CANCEL_ORDER, dashboard::CANCEL_SAYS];
        offered.push(of.post(&path("/cancel"), words, vec![Field::reason()], true));
    }
    if of.allows_to(Fulfil::ExtendHold { by, pay_before: of.operator.0.now }) {
        let words = [dashboard::EXTEND_HOLD, dashboard::EXTEND_SAYS];
        let seconds = Field::new("seconds", dashboard::SECONDS, Kind::Number(Some(600)));
        offered.push(of.post(&path("/extend"), words, vec![seconds], false));
    }
    if of.allows(&Command::Resume) {
        let words = [dashboard::RESUME_ORDER, dashboard::RESUME_SAYS];
        offered.push(of.post(&path("/resume"), words, vec![Field::reason()], false));
    }
    if of.allows(&Command::Resolve { by, reason: "".into() }) {
        let words = [dashboard::RESOLVE_ORDER, dashboard::RESOLVE_SAYS];
        offered.push(of.post(&path("/resolve"), words, vec![Field::reason()], true));
    }
    offered
}

fn refunds(of: &Situation<'_>) -> Vec<Markup> {
    let (goods, path) = (of.fulfilment.whereabouts(), |verb: &str| of.path("orders", verb));
    let mut offered = vec![];
    if of.allows_to(Fulfil::Refund { lines: vec![], note: None, goods, by_shop: Some(Goods::Awaited) }) {
        let lines = &of.order.created.lines;
        let mut fields =
            of.some_of(|place| lines.get(place).map_or(0, |line| line.quantity - of.order.returned(place)));
        // Goods that have not left are on sale again at once.
        fields.extend((goods != Whereabouts::InHouse).then(|| of.goods()));
        fields.push(Field::reason());
        offered.push(of.post(&path("/refund"), [dashboard::REFUND_ORDER, dashboard::REFUND_SAYS], fields, true));
    }
    if of.allows_to(Fulfil::ApproveRefund { goods: Goods::Awaited }) {
        let words = [dashboard::APPROVE_REFUND, dashboard::APPROVE_SAYS];
        offered.push(of.post(&path("/refund/approve"), words, vec![of.goods()], false));
    }
    if of.allows_to(Fulfil::RejectRefund { note: "".into() }) {
        let words = [dashboard::REJECT_REFUND, dashboard::REJECT_SAYS];
        offered.push(of.post(&path("/refund/reject"), words, vec![Field::reason()], true));
    }
    offered
}

/// Refunded goods that have not arrived yet.
fn arrivals(of: &Situation<'_>) -> Vec<Markup> {
    if !of.allows_to(Fulfil::TakeIn { lines: vec![], is_written_off: false }) {
        return vec![];
    }
    let lines = &of.order.created.lines;
    let awaited = || of.some_of(|place| lines.get(place).map_or(0, |line| of.order.awaited(line.product)));
    let lost = [awaited(), vec![Field::fixed("writeOff", "true"), Field::reason()]].into_iter().flatten().collect();
    let path = of.path("orders", "/refund/arrived");
    vec![
        of.post(&path, [order_page::TAKE_IN, order_page::TAKE_IN_SAYS], awaited(), false),
        of.post(&path, [order_page::WRITE_OFF, order_page::WRITE_OFF_SAYS], lost, true),
    ]
}

/// A refund or a void that the provider has declined for good.
fn payments(of: &Situation<'_>) -> Vec<Markup> {
    let is_stuck = of.fulfilment.payment.as_ref().is_some_and(|payment| payment.state == payment::State::Stuck);
    let Some(id) = of.payment.filter(|_| is_stuck) else { return vec![] };
    let path = |verb: &str| format!("/api/admin/payments/{id}/{verb}");
    let proof = vec![Field::reason(), Field::new("reference", dashboard::REFERENCE, Kind::Text)];
    let retry = [dashboard::RETRY_PAYMENT, dashboard::RETRY_PAYMENT_SAYS];
    let resolve = [dashboard::RESOLVE_PAYMENT, dashboard::RESOLVE_PAYMENT_SAYS];
    vec![of.post(&path("retry"), retry, vec![], false), of.post(&path("resolve"), resolve, proof, true)]
}

fn shipments(of: &Situation<'_>) -> Vec<Markup> {
    let Some(now) = of.fulfilment.shipment.as_ref().map(|shipment| shipment.state) else { return vec![] };
    let next = shipment::State::ALL.into_iter().filter(|next| now.can_become(*next));
    let next: Vec<_> = next.map(|next| (next.name(), next.name())).collect();
    let path = of.path("shipments", "");
    let tracking = || Field::new("trackingNumber", dashboard::TRACKING_NUMBER, Kind::Text);
    let mut offered = vec![];
    if !next.is_empty() {
        let fields = vec![Field::new("status", dashboard::NEXT_STATUS, Kind::Choice(next)), tracking().optional()];
        offered.push(of.patch(&path, [dashboard::SHIP, dashboard::SHIP_SAYS], fields));
    }
    // The carrier's number may come at any time, also alone.
    let same = format!("\"{}\"", now.name());
    let fields = vec![Field::fixed("status", &same), tracking()];
    offered.push(of.patch(&path, [order_page::TRACK, order_page::TRACK_SAYS], fields));
    offered
}

fn storages(of: &Situation<'_>) -> Vec<Markup> {
    let Some(now) = of.fulfilment.storage.map(|storage| storage.state) else { return vec![] };
    let next = warehouse::State::ALL.into_iter().filter(|next| now.can_become(*next));
    let next: Vec<_> = next.map(|next| (next.name(), next.name())).collect();
    if next.is_empty() {
        return vec![];
    }
    let fields = vec![Field::new("status", dashboard::NEXT_STATUS, Kind::Choice(next))];
    vec![of.patch(&of.path("warehouse", ""), [order_page::STORE, order_page::STORE_SAYS], fields)]
}
