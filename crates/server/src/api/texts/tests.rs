//! Every text exists in every language, for customers and for operators.

use app::events::event::ResultCode;
use app::events::notices::NoticeKind;
use app::ports::views::ToldNotice;
use domain::order::{Outcome, Status};
use domain::reason::Reason;
use domain::time::Timestamp;
use serde_json::Value;

use crate::api::texts::*;
use crate::http::Code;

fn all() -> Vec<(String, Text)> {
    let of_api = [bodies::ALL, details::ALL, notices::ALL, operators::ALL, orders::ALL, values::ALL];
    let of_pages = [dashboard::ALL, order_page::ALL, pages::ALL];
    let lists = of_api.into_iter().chain(of_pages);
    let listed = lists.flatten().map(|(name, text)| ((*name).to_owned(), *text));
    let titles = Code::ALL.into_iter().map(|code| (code.as_str().to_owned(), code.title()));
    let statuses = Outcome::ALL.into_iter().flat_map(|outcome| {
        let of = move |status: Status| (status.name().to_owned(), orders::description(outcome, status));
        Status::ALL.into_iter().map(of)
    });
    let reasons = Reason::ALL.into_iter().map(|reason| (reason.code().to_owned(), orders::of_reason(reason)));
    let results = ResultCode::ALL.into_iter().map(|code| (code.name().to_owned(), coupons::of_result(code)));
    listed.chain(titles).chain(statuses).chain(reasons).chain(results).collect()
}

/// Texts that are the same in Korean.
const SAME_IN_BOTH: [&str; 0] = [];

fn is_korean(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

fn places(text: &str) -> Vec<&str> {
    let mut places: Vec<&str> =
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(place, _)| place).collect();
    places.sort_unstable();
    places
}

#[test]
fn every_text_exists_in_korean_and_english() {
    for (name, text) in all() {
        let (english, korean) = (text.of(Language::English), text.of(Language::Korean));
        assert!(!english.is_empty() && !is_korean(english), "{name}: {english}");
        assert!(is_korean(korean) || SAME_IN_BOTH.contains(&name.as_str()), "{name}: {korean}");
        assert_eq!(places(english), places(korean), "{name} has the same values in both languages");
    }
}

/// A close frame has at most 125 bytes, of which two are the code.
#[test]
fn the_reason_of_a_close_frame_fits_into_it() {
    for text in [notices::RESUME, notices::RESUME_WITH_NEW_TOKEN, notices::MESSAGE_TOO_LONG] {
        for language in Language::ALL {
            let reason = text.with(i64::MAX).of(language);
            assert!(reason.len() <= 123, "{} bytes: {reason}", reason.len());
        }
    }
}

#[test]
fn every_notice_has_a_type_a_title_a_message_and_a_time_in_both_languages() {
    let data = r#"{"orderNumber":"ORD-1","status":"IN_TRANSIT","outcome":"COMPLETED","issueNumber":7,
        "reason":"stock.exhausted","resultCode":"OUT_OF_STOCK"}"#;
    for kind in NoticeKind::ALL.iter().map(|kind| kind.name()).chain(["reset"]) {
        let at = Timestamp::from_micros(1_795_262_400_000_000);
        let notice = ToldNotice { number: 1, kind: kind.to_owned(), data: data.to_owned(), at };
        let data = |language| -> Value { serde_json::from_str(&notices::data(&notice, language)).unwrap() };
        let (english, korean) = (data(Language::English), data(Language::Korean));
        assert_eq!(english["type"], kind.replace('.', "_").to_uppercase(), "{kind}");
        assert_eq!(english["timestamp"], "2026-11-21T12:00:00Z", "{kind}");
        for member in ["title", "message"] {
            assert!(english[member].as_str().is_some_and(|text| !text.is_empty() && !is_korean(text)), "{english}");
            assert!(korean[member].as_str().is_some_and(is_korean), "{korean}");
        }
        assert_eq!((&korean["orderNumber"], &korean["status"]), (&"ORD-1".into(), &"IN_TRANSIT".into()));
    }
}

/// What is no longer due on delivery is never told as money on its way back.
#[test]
fn a_partial_refund_says_what_is_returned_and_what_is_no_longer_due() {
    let told = |data: &str, language| -> String {
        let (kind, at) = (NoticeKind::OrderRefunded.name().to_owned(), Timestamp::default());
        let notice = ToldNotice { number: 1, kind, data: data.to_owned(), at };
        let data: Value = serde_json::from_str(&notices::data(&notice, language)).unwrap();
        data["message"].as_str().unwrap().to_owned()
    };
    let prepaid = r#"{"orderNumber":"ORD-1","refundAmount":700,"pointsRestored":20}"#;
    assert_eq!(told(prepaid, Language::English), "Order ORD-1: 700 won and 20 points are being returned to you.");
    let on_delivery = r#"{"orderNumber":"ORD-1","refundAmount":0,"pointsRestored":0,"noLongerDue":1000}"#;
    assert_eq!(
        told(on_delivery, Language::English),
        "Order ORD-1: you pay 1000 won less on delivery. If you have paid already, the shop returns that amount itself."
    );
    let with_points = r#"{"orderNumber":"ORD-1","refundAmount":0,"pointsRestored":20,"noLongerDue":1000}"#;
    let english = told(with_points, Language::English);
    assert!(english.contains("1000 won less on delivery, and 20 points are being returned"), "{english}");
    for data in [on_delivery, with_points] {
        let korean = told(data, Language::Korean);
        assert!(korean.contains("1000원 줄었") && !korean.contains("0원과"), "{korean}");
    }
}

/// The notice of a refund does not know how the order was paid, so it must be true for each way.
#[test]
fn the_notice_of_a_refund_promises_no_money_of_the_courier() {
    let text = orders::of_change(Outcome::Completed, Status::Refunded, None);
    assert!(text.of(Language::English).contains("If you paid on delivery, the shop returns that money itself."));
    assert!(text.of(Language::Korean).contains("상점에서 직접 돌려드립니다"));
}

#[test]
fn values_fill_their_placeholders() {
    const TEXT: Text = Text::new("{0} of {1}", "{1} 중 {0}");
    let told = TEXT.with(3).with_text(values::FROM_TO.with(1).with(9));
    assert_eq!(told.of(Language::English), "3 of must be from 1 to 9");
    assert_eq!(told.of(Language::Korean), "1 이상 9 이하여야 합니다 중 3");
    // A placeholder in a client's value is not filled.
    assert_eq!(values::NOT_BEFORE.with("{0}").of(Language::English), "must not be before {0}");
}
