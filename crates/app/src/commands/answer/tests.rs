//! Answers are stored: what an older version wrote is read, and what is written is read as it was.

use domain::ids::{CampaignId, ProductId, UserId};
use domain::time::Timestamp;

use super::*;
use crate::commands::answer::changed::LoginAsOf;
use crate::commands::answer::moved::EventPassed;
use crate::state::rows::Role;

fn stored(json: &str) -> Answer {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn answers_of_older_versions_are_read() {
    for (json, answer) in [
        (r#"{"kind":"userRegistered","user":7}"#, Answer::UserRegistered { user: UserId(7) }),
        (r#"{"kind":"productRegistered","product":7}"#, Answer::ProductRegistered { product: ProductId(7) }),
        (r#"{"kind":"productChanged","product":7}"#, Answer::ProductChanged { product: ProductId(7) }),
        (r#"{"kind":"campaignCreated","campaign":7}"#, Answer::CampaignCreated { campaign: CampaignId(7) }),
        (r#"{"kind":"campaignChanged","campaign":7}"#, Answer::CampaignChanged { campaign: CampaignId(7) }),
        (r#"{"kind":"done"}"#, Answer::Done),
    ] {
        assert_eq!(stored(json), answer);
    }
    assert_eq!(stored(r#"{"kind":"productRegistered","product":7}"#).product(), Some(ProductId(7)));
    assert_eq!(stored(r#"{"kind":"campaignCreated","campaign":7}"#).campaign(), Some(CampaignId(7)));
    assert_eq!(stored(r#"{"kind":"userRegistered","user":7}"#).user(), Some(UserId(7)));
    assert_eq!(Answer::Done.product(), None);
}

#[test]
fn what_is_stored_is_read_as_it_was() {
    let shown = EventPassed {
        offset: 3,
        id: "0199a6b8-0000-7000-8000-000000000001".to_owned(),
        kind: "OrderCompleted".to_owned(),
        key: "1".to_owned(),
        order: Some("ORD-1".to_owned()),
        at: Timestamp::from_micros(1_795_262_400_000_001),
    };
    let moved =
        PartitionMoved { topic: None, partition: 0, from: 9, to: 3, events: 1, is_whole: true, shown: vec![shown] };
    let login = LoginAsOf { user: UserId(7), email: "bob@x".into(), name: "Bob".into(), role: Role::Former };
    for answer in [Answer::GroupMoved { partitions: vec![moved] }, Answer::changed(Changed::Login(login))] {
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(stored(&json), answer, "{json}");
    }
}

#[test]
fn an_answer_without_the_end_of_its_part_can_be_read() {
    let older: Answer = serde_json::from_str(r#"{"kind":"webhooksScheduled","count":500}"#).unwrap();
    assert_eq!(older, Answer::WebhooksScheduled { count: 500, end: None });
    assert_eq!(serde_json::to_string(&older).unwrap(), r#"{"kind":"webhooksScheduled","count":500}"#);
}

#[test]
fn the_end_of_a_part_is_read_as_it_was_stored() {
    let until = Timestamp::from_micros(1_795_262_400_000_001);
    let answer = Answer::WebhooksScheduled { count: 500, end: Some(PartEnd { next: Some(7), until, archived: 2 }) };
    let stored = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&stored).unwrap(), answer, "{stored}");
}
