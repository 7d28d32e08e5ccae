//! Forms that call the admin API: what a call does is said before it is made.

use maud::{Markup, html};

use super::frame::Operator;
use crate::api::texts::{Text, dashboard};

/// A call of the API, as a form.
pub(crate) struct Act<'a> {
    pub(crate) label: Text,
    /// What the call does.
    pub(crate) says: Text,
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) fields: Vec<Field<'a>>,
    /// It takes something away, or cannot be undone.
    pub(crate) is_grave: bool,
}

/// A member of the call's body.
pub(crate) struct Field<'a> {
    /// Dots separate the members of objects within objects.
    pub(crate) name: &'static str,
    pub(crate) label: Option<Text>,
    pub(crate) kind: Kind<'a>,
    pub(crate) is_required: bool,
    /// It shows what is there: sent only if it was changed, and as `null` if it was emptied.
    pub(crate) is_kept: bool,
}

pub(crate) enum Kind<'a> {
    Text,
    Number(Option<i64>),
    /// A moment, in the operator's time zone.
    Moment,
    Choice(Vec<(&'a str, &'a str)>),
    /// A choice of a number by its name.
    Numbered(Vec<(i64, &'a str)>),
    /// A line, with what is there.
    Line(&'a str),
    /// Several lines, with what is there.
    Lines(&'a str),
    Long(&'a str),
    /// A JSON value, with what is there.
    Json(&'a str),
    /// Texts, with commas between them.
    List,
    /// A fixed JSON value.
    Fixed(&'a str),
}

impl<'a> Field<'a> {
    pub(crate) const fn new(name: &'static str, label: Text, kind: Kind<'a>) -> Field<'a> {
        Field { name, label: Some(label), kind, is_required: true, is_kept: false }
    }

    pub(crate) fn optional(self) -> Field<'a> {
        Field { is_required: false, ..self }
    }

    /// An optional field that shows what is there.
    pub(crate) fn kept(self) -> Field<'a> {
        Field { is_required: false, is_kept: true, ..self }
    }

    pub(crate) const fn fixed(name: &'static str, json: &'a str) -> Field<'a> {
        Field { name, label: None, kind: Kind::Fixed(json), is_required: true, is_kept: false }
    }

    pub(crate) const fn reason() -> Field<'a> {
        Field::new("reason", dashboard::REASON, Kind::Text)
    }
}

/// Shows a call as a part that opens: what it does, its fields, and the button that makes it.
pub(crate) fn act(operator: &Operator, act: &Act<'_>) -> Markup {
    shown(operator, act, Way::Reloads)
}

/// The same for a call whose answer has a member that is shown once, instead of loading the page again.
pub(crate) fn act_showing(operator: &Operator, act: &Act<'_>, member: &'static str) -> Markup {
    shown(operator, act, Way::Shows(member))
}

/// The same for a call that leads to another page.
pub(crate) fn act_leading(operator: &Operator, act: &Act<'_>, page: &str) -> Markup {
    shown(operator, act, Way::LeadsTo(page))
}

/// The same for a call that takes no idempotency key, because the shop keeps no answer to it.
pub(crate) fn act_unkeyed(operator: &Operator, act: &Act<'_>) -> Markup {
    shown(operator, act, Way::Unkeyed)
}

/// How a call is made, and what follows it: unless something else is named, under a key, and the page is loaded again.
#[derive(Clone, Copy)]
enum Way<'a> {
    Reloads,
    Shows(&'static str),
    LeadsTo(&'a str),
    Unkeyed,
}

fn shown(operator: &Operator, act: &Act<'_>, way: Way<'_>) -> Markup {
    let member = if let Way::Shows(member) = way { Some(member) } else { None };
    let next = if let Way::LeadsTo(page) = way { Some(page) } else { None };
    let is_unkeyed = matches!(way, Way::Unkeyed);
    html! {
        details.act {
            summary { (operator.say(act.label)) }
            form data-method=(act.method) data-path=(act.path) data-shows=[member] data-next=[next] data-unkeyed[is_unkeyed] {
                p.soft { (operator.say(act.says)) }
                @for field in &act.fields { (input(operator, field)) }
                div.row { button.small.grave[act.is_grave] { (operator.say(dashboard::CONFIRM)) ": " (operator.say(act.label)) } }
                p.say role="alert" {}
                @if member.is_some() { p.say.good hidden { (operator.say(dashboard::SHOWN_ONCE)) " " output.code {} } }
            }
        }
    }
}

fn input(operator: &Operator, field: &Field<'_>) -> Markup {
    let (required, kept) = (field.is_required, field.is_kept.then_some(""));
    let control = match &field.kind {
        Kind::Fixed(json) => return html! { input type="hidden" name=(field.name) value=(json) data-kind="json"; },
        Kind::Text => html! { input name=(field.name) required[required] maxlength="500"; },
        Kind::List => html! { input name=(field.name) required[required] maxlength="500" data-kind="list"; },
        Kind::Number(value) => {
            html! { input type="number" name=(field.name) required[required] step="1" inputmode="numeric" value=[*value] data-kind="number" data-kept=[kept]; }
        }
        Kind::Moment => {
            html! { input type="datetime-local" name=(field.name) required[required] step="1" data-kind="moment"; }
        }
        Kind::Choice(choices) => html! {
            select name=(field.name) required[required] {
                @if !required { option value="" {} }
                @for (value, label) in choices { option value=(value) { (label) } }
            }
        },
        Kind::Numbered(choices) => html! {
            select name=(field.name) required[required] data-kind="number" {
                @if !required { option value="" {} }
                @for (value, label) in choices { option value=(value) { (label) } }
            }
        },
        Kind::Line(text) => {
            html! { input name=(field.name) required[required] maxlength="2000" value=(text) data-kept=[kept]; }
        }
        Kind::Lines(text) => {
            html! { textarea name=(field.name) required[required] rows="5" maxlength="5000" data-kept=[kept] { (text) } }
        }
        Kind::Json(text) => html! {
            textarea.code name=(field.name) required[required] rows="5" spellcheck="false" data-kind="json" data-kept=[kept]
                data-unreadable=(operator.say(dashboard::NOT_JSON)) { (text) }
        },
        Kind::Long(text) => {
            html! { textarea.code name=(field.name) required[required] rows="12" spellcheck="false" { (text) } }
        }
    };
    html! { label { @if let Some(label) = field.label { (operator.say(label)) } (control) } }
}
