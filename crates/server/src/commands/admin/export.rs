//! `doorbuster export`: writes events, orders or coupons to stdout, row by row, so that memory does not grow with their
//! number.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::process::ExitCode;

use app::events::event::{CouponIssued, Event, EventKind};
use app::events::outbox::uuid;
use app::events::wire_time;
use app::history::walk::{Ranges, WINDOW, Walk, positions};
use app::ports::StoreError;
use app::ports::events::{Direction, EventFilter, EventWindow, WrittenEvent};
use app::ports::views::Views;
use domain::ids::{Code, Codec, OrderId};
use domain::order::{Line, Order};
use domain::reason::Reason;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::cli::{ExportArgs, ExportFormat, ExportKind};
use crate::commands::output::table::counted;
use crate::commands::{Error, note, settings};
use crate::wiring;

/// Orders read at once.
const READ_AT_ONCE: usize = 100;

pub(in crate::commands) fn run(args: &ExportArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    let since = args.since.as_deref().map(wire_time::parse).transpose();
    let since = since.map_err(|_| Error::Usage("--since is not a time such as 2026-11-21T12:00:00Z".to_owned()))?;
    let store = wiring::read_only(&config)?;
    let export = Export { views: store.views.as_ref(), codec: store.codec, since, left_out: RefCell::default() };
    if args.what != ExportKind::Orders {
        tell_of_archive(&export, store.runtime.block_on(store.views.archived_before())?);
    }
    let done = store.runtime.block_on(async {
        let mut out = Rows::start(BufWriter::new(io::stdout().lock()), args.format, columns(args.what))?;
        match args.what {
            ExportKind::Events => export.events(&mut out).await?,
            ExportKind::Orders => export.orders(&mut out).await?,
            ExportKind::Coupons => export.coupons(&mut out).await?,
        }
        Ok(out.out.flush()?)
    });
    match done {
        // A reader that has seen enough is not a failure.
        Err(Failed::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(Failed::Output(error)) => Err(error.into()),
        Err(Failed::Store(error)) => Err(error.into()),
        Ok(()) => Ok(tell_of_damage(args.what, &export.left_out.borrow())),
    }
}

/// Says on stderr which rows could not be read. An export without them is not a success.
fn tell_of_damage(what: ExportKind, left_out: &LeftOut) -> ExitCode {
    let kind = match what {
        ExportKind::Events => "events",
        ExportKind::Orders => "orders",
        ExportKind::Coupons => "coupons",
    };
    for (table, Damaged { rows, named }) in &left_out.0 {
        let more = if *rows > named.len() { format!("; and {} more", rows - named.len()) } else { String::new() };
        let rows = counted(rows, "row");
        note(&format!(
            "{rows} of {table} cannot be read, so {kind} are missing from the export: {}{more}",
            named.join("; ")
        ));
    }
    if left_out.0.is_empty() {
        return ExitCode::SUCCESS;
    }
    note("`doorbuster audit` names the rows that cannot be read.");
    ExitCode::FAILURE
}

/// The rows that an export had to leave out, by their table.
#[derive(Default)]
struct LeftOut(BTreeMap<String, Damaged>);

#[derive(Default)]
struct Damaged {
    rows: usize,
    /// The first few of them.
    named: Vec<String>,
}

/// The rows of a table that are named.
const NAMED_MAX: usize = 5;

impl LeftOut {
    /// Adds the description of a row, which begins with its table.
    fn add(&mut self, row: String) {
        let table = row.split([' ', ',']).next().unwrap_or_default().to_owned();
        let damaged = self.0.entry(table).or_default();
        damaged.rows += 1;
        if damaged.named.len() < NAMED_MAX {
            damaged.named.push(row);
        }
    }
}

/// Says on stderr which rows are not exported because their events are in files.
fn tell_of_archive(export: &Export<'_>, archived: Option<Timestamp>) {
    if let Some(before) = archived.filter(|before| export.since.is_none_or(|since| since < *before)) {
        let before = wire_time::format(before);
        note(&format!("Events from before {before} are not exported: they are in the files of the archive."));
    }
}

const fn columns(what: ExportKind) -> &'static [&'static str] {
    match what {
        ExportKind::Events => &["eventId", "type", "topic", "key", "at", "version", "cause", "traceId", "payload"],
        ExportKind::Orders => &[
            "orderNumber",
            "userId",
            "status",
            "outcome",
            "reason",
            "mode",
            "totalAmount",
            "discountAmount",
            "pointsUsed",
            "amountDue",
            "noLongerDue",
            "items",
            "createdAt",
            "completedAt",
            "updatedAt",
        ],
        ExportKind::Coupons => {
            &["userCouponId", "userId", "couponId", "couponName", "issueNumber", "issuedAt", "usedOrder"]
        }
    }
}

enum Failed {
    Output(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed::Output(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Store(error)
    }
}

struct Export<'a> {
    views: &'a dyn Views,
    codec: Codec,
    since: Option<Timestamp>,
    left_out: RefCell<LeftOut>,
}

impl Export<'_> {
    async fn events(&self, out: &mut Rows<impl Write>) -> Result<(), Failed> {
        let mut pages = self.pages(None).await?;
        while let Some(events) = self.next(&mut pages).await? {
            for event in &events {
                out.write(&event_row(event))?;
            }
        }
        Ok(())
    }

    async fn coupons(&self, out: &mut Rows<impl Write>) -> Result<(), Failed> {
        let mut pages = self.pages(Some(vec![EventKind::CouponIssued])).await?;
        while let Some(events) = self.next(&mut pages).await? {
            for written in &events {
                let Some(Event::CouponIssued(issued)) = written.event() else {
                    self.leave_out(format!("event {}, payload: it is no issued coupon", written.position));
                    continue;
                };
                let held = match self.codec.coupon_id(issued.user_coupon_id.as_str()) {
                    Some(id) => self.views.coupon(id).await,
                    None => Ok(None),
                };
                let held = match held {
                    Err(StoreError::Unreadable(row)) => {
                        self.leave_out(format!("{row} ({})", issued.user_coupon_id.as_str()));
                        continue;
                    }
                    held => held?,
                };
                let used = held.and_then(|held| held.coupon.used_order).map(|order| self.codec.order(order));
                out.write(&coupon_row(&issued, used.as_ref()))?;
            }
        }
        Ok(())
    }

    async fn pages(&self, kinds: Option<Vec<EventKind>>) -> Result<Pages, Failed> {
        let wanted = EventFilter { from: self.since, kinds, ..EventFilter::default() };
        let rest = positions(self.views, self.since, None).await?;
        Ok(Pages { wanted, rest: Some(rest) })
    }

    /// Returns the next events. Where one cannot be read, its neighbours are read one by one.
    async fn next(&self, pages: &mut Pages) -> Result<Option<Vec<WrittenEvent>>, Failed> {
        let rest = pages.rest.clone();
        match (pages.next(self.views).await, rest) {
            (Err(StoreError::Unreadable(_)), Some(rest)) => Ok(Some(self.one_by_one(pages, rest).await?)),
            (page, _) => Ok(page?),
        }
    }

    async fn one_by_one(&self, pages: &mut Pages, rest: Range<i64>) -> Result<Vec<WrittenEvent>, Failed> {
        let end = rest.end.min(rest.start.saturating_add(WINDOW));
        pages.rest = (end < rest.end).then_some(end..rest.end);
        let mut events = vec![];
        for position in rest.start..end {
            let window = EventWindow { positions: position..position + 1, direction: Direction::OldestFirst, limit: 1 };
            match self.views.events_in(&pages.wanted, window).await {
                Ok(found) => events.extend(found.into_iter().filter(|event| pages.wanted.is_met_by(event))),
                Err(StoreError::Unreadable(row)) => self.leave_out(format!("{row} (event {position})")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(events)
    }

    fn leave_out(&self, row: String) {
        self.left_out.borrow_mut().add(row);
    }

    async fn orders(&self, out: &mut Rows<impl Write>) -> Result<(), Failed> {
        let mut before: Option<OrderId> = None;
        loop {
            let orders = self.views.orders(None, before, READ_AT_ONCE).await?;
            self.views.take_left_out().into_iter().for_each(|row| self.leave_out(row));
            for order in &orders {
                if self.since.is_some_and(|since| order.created.at < since) {
                    return Ok(());
                }
                out.write(&order_row(order))?;
            }
            before = orders.last().map(Order::id);
            if orders.len() < READ_AT_ONCE {
                return Ok(());
            }
        }
    }
}

/// The events of an export, page by page.
struct Pages {
    wanted: EventFilter,
    /// `None` after the last page.
    rest: Option<Range<i64>>,
}

impl Pages {
    async fn next(&mut self, views: &dyn Views) -> Result<Option<Vec<WrittenEvent>>, StoreError> {
        let Some(rest) = self.rest.take() else { return Ok(None) };
        let ranges = Ranges::one(rest.clone());
        let walk = Walk { views, wanted: &self.wanted, ranges: &ranges, direction: Direction::OldestFirst };
        let page = walk.page(READ_AT_ONCE).await?;
        self.rest = page.next.map(|next| next..rest.end);
        Ok(Some(page.events))
    }
}

fn event_row(event: &WrittenEvent) -> Value {
    json!({
        "eventId": uuid(event.id.0),
        "type": event.kind,
        "topic": event.topic,
        "key": event.key,
        "at": wire_time::format(event.at),
        "version": event.version,
        "cause": event.cause,
        "traceId": event.trace.map(|trace| format!("{:032x}", trace.trace())),
        "payload": serde_json::from_str(&event.payload).unwrap_or_else(|_| Value::String(event.payload.clone())),
    })
}

fn coupon_row(issued: &CouponIssued, used: Option<&Code>) -> Value {
    json!({
        "userCouponId": issued.user_coupon_id.as_str(),
        "userId": issued.user_id.0,
        "couponId": issued.coupon_id.0,
        "couponName": &*issued.coupon_name,
        "issueNumber": issued.issue_number,
        "issuedAt": wire_time::format(issued.issued_at),
        "usedOrder": used.map(Code::as_str),
    })
}

fn order_row(order: &Order) -> Value {
    let created = &order.created;
    let item = |line: &Line| {
        json!({
            "productId": line.product.0, "name": &*line.name, "quantity": line.quantity,
            "unitPrice": line.unit_price.amount(),
        })
    };
    json!({
        "orderNumber": created.number.as_str(),
        "userId": created.user.0,
        "status": order.status.name(),
        "outcome": order.outcome.name(),
        "reason": order.reason.map(Reason::code),
        "mode": created.mode.name(),
        "totalAmount": created.total.amount(),
        "discountAmount": created.discount.amount(),
        "pointsUsed": created.points.amount(),
        "amountDue": created.due.amount(),
        "noLongerDue": order.no_longer_due().amount(),
        "items": created.lines.iter().map(item).collect::<Vec<_>>(),
        "createdAt": wire_time::format(created.at),
        "completedAt": order.completed_at.map(wire_time::format),
        "updatedAt": wire_time::format(order.updated_at),
    })
}

/// Writes rows in one of the forms.
struct Rows<W> {
    out: W,
    format: ExportFormat,
    columns: &'static [&'static str],
}

impl<W: Write> Rows<W> {
    fn start(mut out: W, format: ExportFormat, columns: &'static [&'static str]) -> io::Result<Rows<W>> {
        if format == ExportFormat::Csv {
            write!(out, "{}\r\n", columns.join(","))?;
        }
        Ok(Rows { out, format, columns })
    }

    fn write(&mut self, row: &Value) -> io::Result<()> {
        match self.format {
            ExportFormat::Ndjson => writeln!(self.out, "{row}"),
            ExportFormat::Csv => {
                let cells: Vec<String> = self.columns.iter().map(|column| cell(&row[*column])).collect();
                write!(self.out, "{}\r\n", cells.join(","))
            }
        }
    }
}

/// Returns a cell: empty for an absent value, JSON for a list or an object, quoted where RFC 4180 requires it.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut out = vec![];
        let mut rows = Rows::start(&mut out, ExportFormat::Csv, &["a", "b", "c"]).unwrap();
        rows.write(&json!({"a": "x, \"y\"", "b": {"n": 1}, "c": null})).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,b,c\r\n\"x, \"\"y\"\"\",\"{\"\"n\"\":1}\",\r\n");
    }
}
