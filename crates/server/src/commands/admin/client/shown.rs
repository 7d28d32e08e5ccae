//! Lists and single things of a shop, as a table or as fields.

use std::process::ExitCode;

use serde_json::Value;

use super::{ask, plain};
use crate::cli::{ListArgs, ShopArgs};
use crate::commands::Error;
use crate::commands::output::table::aligned;

/// Filters of a list: names of query parameters with their values. Absent ones are left out.
pub(in crate::commands) type Filters<'a> = &'a [(&'a str, Option<String>)];

/// Shows a page of a list, with a column for each field.
pub(in crate::commands) fn list(
    path: &str,
    filters: Filters<'_>,
    list: &ListArgs,
    columns: &[&str],
) -> Result<ExitCode, Error> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &list.limit.to_string());
    for (name, value) in filters.iter().chain(&[("cursor", list.cursor.clone())]) {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    ask(&list.shop, "GET", &format!("{path}?{}", query.finish()), None, |page| table(page, columns))
}

/// Shows one thing, a field in each line.
pub(in crate::commands) fn show(shop: &ShopArgs, path: &str) -> Result<ExitCode, Error> {
    ask(shop, "GET", path, None, fields)
}

/// Sends a change and shows the thing as it is afterwards.
pub(in crate::commands) fn change(shop: &ShopArgs, method: &str, path: &str, body: &Value) -> Result<ExitCode, Error> {
    ask(shop, method, path, Some(body), fields)
}

fn table(page: &Value, columns: &[&str]) -> String {
    let rows = page["data"].as_array().map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return "There are none.".to_owned();
    }
    let head = columns.iter().map(|column| heading(column)).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(&row[*column])).collect());
    let mut text = aligned(&std::iter::once(head).chain(cells).collect::<Vec<Vec<String>>>());
    if let Some(cursor) = page["nextCursor"].as_str() {
        text += &format!("\nThere are more: --cursor {cursor}");
    }
    text
}

/// Returns the heading of a field's column: `issueEndsAt` is `ISSUE ENDS AT`.
fn heading(column: &str) -> String {
    let letter = |letter: char| {
        let gap = if letter.is_ascii_uppercase() { " " } else { "" };
        format!("{gap}{}", letter.to_ascii_uppercase())
    };
    column.chars().map(letter).collect()
}

fn cell(value: &Value) -> String {
    if value.is_null() { "-".to_owned() } else { plain(value) }
}

fn fields(thing: &Value) -> String {
    let mut rows = vec![];
    gather(thing, "", &mut rows);
    aligned(&rows)
}

/// Gathers the fields of an object, with those of objects inside: `payment.status`, `items.1.name`.
fn gather(value: &Value, name: &str, rows: &mut Vec<Vec<String>>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(part, value)| gather(value, &below(part), rows)),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                gather(item, &below(&(place + 1).to_string()), rows);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => rows.push(vec![name.to_owned(), plain(value)]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_has_headings_and_says_how_to_go_on() {
        let page = json!({"data": [{"productId": 7, "name": "Sneaker"}, {"productId": 12}], "nextCursor": "abc"});
        assert_eq!(
            table(&page, &["productId", "name"]),
            "PRODUCT ID  NAME\n7           Sneaker\n12          -\nThere are more: --cursor abc"
        );
        assert_eq!(table(&json!({"data": []}), &["name"]), "There are none.");
    }

    #[test]
    fn fields_inside_others_are_named_by_their_path() {
        let order =
            json!({"orderNumber": "ORD-1", "items": [{"name": "Sneaker"}], "payment": {"status": "PAID", "at": null}});
        assert_eq!(fields(&order), "items.1.name    Sneaker\norderNumber     ORD-1\npayment.status  PAID");
    }
}
