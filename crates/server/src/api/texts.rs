//! What people read, in the languages that there are (O-49). English stands with what it describes, Korean here.

use std::borrow::Cow;

use app::views::ToldNotice;
use domain::order::Status;
use serde_json::{Map, Value};

use crate::http::language::Language;

/// The life cycle of source 003, in its words.
const STATUSES: [(&str, &str); 11] = [
    ("CREATED", "주문이 접수되었습니다."),
    ("PENDING_PAYMENT", "상품이 확보되었습니다. 결제를 기다리고 있습니다."),
    ("PAYMENT_COMPLETED", "결제가 완료되었습니다."),
    ("PREPARING", "상품을 준비하고 있습니다."),
    ("IN_WAREHOUSE", "상품이 창고에 보관되어 있습니다."),
    ("SHIPMENT_STARTED", "배송이 시작되었습니다."),
    ("IN_TRANSIT", "상품이 배송 중입니다."),
    ("COMPLETED", "주문이 완료되었습니다."),
    ("REFUND_REQUESTED", "환불이 요청되었습니다."),
    ("REFUNDED", "환불이 완료되었습니다."),
    ("CANCELLED", "주문이 취소되었습니다."),
];

pub(super) fn status(status: Status, language: Language) -> &'static str {
    match language {
        Language::English => status.description(),
        Language::Korean => korean(&STATUSES, status.name()).unwrap_or(status.description()),
    }
}

/// What source 003 says when it has taken in an order to be paid and sent.
pub(super) const fn processing(language: Language) -> &'static str {
    match language {
        Language::English => "The order was received. The payment is being processed.",
        Language::Korean => "주문이 접수되었습니다. 결제를 처리하고 있습니다.",
    }
}

/// The notice that carries texts (N-04), and those texts. They are written in English; whoever listens chooses the language.
const FAILED: &str = "order.failed";
const FAILED_TEXTS: [(&str, &str); 2] = [
    ("title", "결제에 실패했습니다"),
    ("message", "배송된 상품은 없습니다. 결제 기한 안에 다시 결제하실 수 있습니다."),
];

/// What a notice says, in the language that was accepted. Most say nothing but names and numbers, and stay as they are.
pub(super) fn notice(notice: &ToldNotice, language: Language) -> Cow<'_, str> {
    let told = Cow::from(&notice.data);
    if language == Language::English || notice.kind != FAILED {
        return told;
    }
    let Ok(mut data) = serde_json::from_str::<Map<String, Value>>(&told) else { return told };
    for (member, text) in FAILED_TEXTS {
        data.insert(member.to_owned(), text.into());
    }
    Value::from(data).to_string().into()
}

fn korean(texts: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    texts.iter().find(|(known, _)| *known == word).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_text_in_both_languages() {
        for of in Status::ALL {
            let text = korean(&STATUSES, of.name());
            assert!(text.is_some_and(is_korean), "{}", of.name());
            assert!(status(of, Language::English).is_ascii(), "{}", of.name());
        }
    }

    fn is_korean(text: &str) -> bool {
        text.chars().any(|c| ('가'..='힣').contains(&c))
    }

    #[test]
    fn only_the_texts_of_a_notice_are_translated() {
        let data = r#"{"code":"card_declined","message":"Nothing was sent.","orderId":"ORD-1","title":"It failed"}"#;
        let failed = ToldNotice { number: 1, kind: FAILED.to_owned(), data: data.to_owned() };
        assert_eq!(notice(&failed, Language::English), data);
        let told: Value = serde_json::from_str(&notice(&failed, Language::Korean)).unwrap();
        assert_eq!((&told["code"], &told["orderId"]), (&"card_declined".into(), &"ORD-1".into()));
        assert!(["title", "message"].iter().all(|member| told[member].as_str().is_some_and(is_korean)), "{told}");
        let completed = ToldNotice { kind: "order.completed".to_owned(), ..failed };
        assert_eq!(notice(&completed, Language::Korean), data);
    }
}
