//! The topics, and what the brokers still have of them.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::api::Shop;
use crate::api::messaging::topics::{TopicBody, all};
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::web::admin::frame::Operator;
use crate::web::format::count;

/// `GET /admin/messages/topics`.
pub(crate) async fn page(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let topics = all(&shop).await?;
    let has_partitions = topics.iter().any(|topic| !topic.partitions.is_empty());
    let content = html! {
        p.label { (operator.say(dashboard::MESSAGES)) }
        h1 { (operator.say(dashboard::TOPICS)) }
        @if !has_partitions { p.soft { (operator.say(dashboard::NO_BROKER)) } }
        div.card.scroll { table {
            thead { tr {
                th { (operator.say(dashboard::TOPIC)) } th { (operator.say(dashboard::KEY)) } th { (operator.say(dashboard::READ_BY)) }
                @if has_partitions { th.end { (operator.say(dashboard::PARTITIONS)) } th.end { (operator.say(dashboard::RECORDS)) } }
            } }
            tbody { @for topic in &topics { tr {
                td { a.code href=(format!("/admin/events?topic={}", topic.topic)) { (topic.topic) } }
                td.code { (topic.keyed_by) }
                td { @for group in &topic.groups { a.code href=(format!("/admin/messages/groups/{group}")) { (group) } " " } }
                @if has_partitions { td.num.end { (places(topic)) } td.num.end { (count(topic.records())) } }
            } } }
        } }
    };
    Ok(operator.page(operator.say(dashboard::TOPICS), content))
}

/// The number of partitions; opened, the offsets that each of them has.
fn places(topic: &TopicBody) -> Markup {
    html! {
        details {
            summary { (topic.partitions.len()) }
            @for partition in &topic.partitions {
                span.faint { (partition.partition) ": " (count(partition.begin)) "–" (count(partition.end)) } br;
            }
        }
    }
}
