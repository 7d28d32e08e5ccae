//! Every field that a command sends is named by the option that sets it.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::api;

fn command(path: &str) -> Command {
    let inner = |command: Command, name: &str| command.find_subcommand(name).unwrap().clone();
    path.split(' ').fold(Cli::command(), inner)
}

#[track_caller]
fn check(path: &str, errors: Value, expected: &str) {
    let refusal = Refusal { status: 400, document: json!({ "errors": errors }) };
    assert_eq!(refusal.text_for(&command(path)), expected);
}

#[test]
fn a_field_is_named_as_the_command_names_it() {
    let range = json!([{"parameter": "userId", "detail": "must be from 1 to 9"}]);
    check("order list", range.clone(), "--user: must be from 1 to 9");
    check("trail", range, "--by: must be from 1 to 9");
    check(
        "product list",
        json!([{"parameter": "q", "detail": "must have 1 to 200 characters"}]),
        "TEXT: must have 1 to 200 characters",
    );
    let order = json!([{"parameter": "to", "detail": "must not be before from"}]);
    check("trail", order.clone(), "--until: must not be before --since");
    check("order list", order, "--to: must not be before --from");
    let quantity = json!([{"pointer": "#/totalQuantity", "detail": "must not be lower"}]);
    check("coupon change", quantity.clone(), "--quantity: must not be lower");
    check("dlq list", quantity, "totalQuantity: must not be lower");
    let discount = json!([{"pointer": "#/discount/value", "detail": "must be from 1 to 100 percent"}]);
    check("coupon create", discount, "--percent or --amount: must be from 1 to 100 percent");
    let window = json!([{"pointer": "#/issueEndsAt", "detail": "must be later than issueStartsAt"}]);
    check("coupon create", window, "--until: must be later than --from");
    let target = json!([{"pointer": "#", "detail": "must have one of toOffset, toTime and toCommitted: true"}]);
    check("groups reset", target, "must have one of --to-offset, --to-time and --to-committed: true");
    let offset = json!([
        {"pointer": "#/toOffset", "detail": "must be from 1 to 9"}, {"pointer": "#/reason", "detail": "is required"},
    ]);
    check("groups reset", offset, "--to-offset: must be from 1 to 9; --reason: is required");
}

/// The request of each command that sends fields.
const CALLS: [(&str, &str, &str); 28] = [
    ("product list", "get", "/api/admin/products"),
    ("product create", "post", "/api/admin/products"),
    ("product change", "patch", "/api/admin/products/{id}"),
    ("product stock", "post", "/api/admin/products/{id}/stock"),
    ("product history", "get", "/api/admin/products/{id}/history"),
    ("coupon list", "get", "/api/admin/coupons"),
    ("coupon create", "post", "/api/admin/coupons"),
    ("coupon change", "patch", "/api/admin/coupons/{id}"),
    ("coupon history", "get", "/api/admin/coupons/{id}/history"),
    ("user history", "get", "/api/admin/users/{id}/history"),
    ("order list", "get", "/api/admin/orders"),
    ("order cancel", "post", "/api/admin/orders/{orderNumber}/cancel"),
    ("order stuck", "get", "/api/admin/orders"),
    ("order resume", "post", "/api/admin/orders/{orderNumber}/resume"),
    ("order resolve", "post", "/api/admin/orders/{orderNumber}/resolve"),
    ("order history", "get", "/api/admin/orders/{orderNumber}/history"),
    ("order refund approve", "post", "/api/admin/orders/{orderNumber}/refund/approve"),
    ("order refund reject", "post", "/api/admin/orders/{orderNumber}/refund/reject"),
    ("order refund arrived", "post", "/api/admin/orders/{orderNumber}/refund/arrived"),
    ("payment list", "get", "/api/admin/payments"),
    ("payment stuck", "get", "/api/admin/payments"),
    ("payment resolve", "post", "/api/admin/payments/{paymentId}/resolve"),
    ("dlq list", "get", "/api/admin/dead-letters"),
    ("dlq edit", "patch", "/api/admin/dead-letters/{id}"),
    ("dlq resend", "post", "/api/admin/dead-letters/{id}/resend"),
    ("dlq drop", "post", "/api/admin/dead-letters/{id}/drop"),
    ("groups reset", "post", "/api/admin/groups/{group}/reset"),
    ("trail", "get", "/api/admin/trail"),
];
/// Commands with options that are no fields of a request.
const OTHERS: [&str; 4] = ["groups list", "archive", "listen", "trigger"];
/// What a command's path names, and where its shop is.
const NO_FIELDS: [&str; 12] =
    ["id", "order", "payment", "letter", "group", "url", "token", "profile", "json", "data_dir", "config", "help"];

fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    for inner in command.get_subcommands() {
        let path = format!("{path} {}", inner.get_name()).trim_start().to_owned();
        if inner.get_subcommands().next().is_none() {
            found.push((path, inner.clone()));
        } else {
            leaves(inner, &path, found);
        }
    }
}

/// Gathers the names of the fields of a schema, with those inside.
fn fields(document: &Value, schema: &Value, to: &mut BTreeSet<String>) {
    if let Some(place) = schema["$ref"].as_str() {
        return fields(document, document.pointer(&place[1..]).unwrap(), to);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        to.insert(name.clone());
        fields(document, inner, to);
    }
    ["allOf", "anyOf", "oneOf"]
        .iter()
        .flat_map(|of| schema[*of].as_array())
        .flatten()
        .for_each(|one| fields(document, one, to));
}

fn fields_of(document: &Value, method: &str, path: &str) -> BTreeSet<String> {
    let operation = &document["paths"][path][method];
    assert!(operation.is_object(), "{method} {path}");
    let mut found = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = parameter["$ref"].as_str();
        let parameter = place.map_or(parameter, |place| document.pointer(&place[1..]).unwrap());
        found.extend(parameter["name"].as_str().map(str::to_owned));
    }
    fields(document, &operation["requestBody"]["content"]["application/json"]["schema"], &mut found);
    found
}

/// An option that no field leads to would never be named in an error: the error would name an option that does not exist.
#[test]
fn every_option_that_sets_a_field_is_named_for_it() {
    let document = api::document();
    let mut found = vec![];
    leaves(&Cli::command(), "", &mut found);
    let with_shop = found.iter().filter(|(_, command)| command.get_arguments().any(|of| of.get_id() == "token"));
    let mut checked = 0;
    for (path, command) in with_shop.filter(|(path, _)| !OTHERS.contains(&path.as_str())) {
        let sent = command.get_arguments().filter(|argument| !NO_FIELDS.contains(&argument.get_id().as_str()));
        let sent: Vec<String> = sent.map(shown).collect();
        let call = CALLS.iter().find(|(known, ..)| known == path);
        assert!(sent.is_empty() == call.is_none(), "{path} sends {sent:?}");
        let Some((_, method, route)) = call else { continue };
        let fields = fields_of(&document, method, route);
        let named: Vec<String> = fields.iter().map(|field| option(command, field)).collect();
        for option in sent {
            let is_named = named.iter().any(|named| named.split(" or ").any(|one| one == option));
            assert!(is_named, "{path}: no field of {fields:?} is named {option}");
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}
