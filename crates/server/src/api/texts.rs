//! What people read, in the languages that there are (O-49). English stands with what it describes, Korean here.

use domain::order::Status;

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
            assert!(text.is_some_and(|text| text.chars().any(|c| ('가'..='힣').contains(&c))), "{}", of.name());
            assert!(status(of, Language::English).is_ascii(), "{}", of.name());
        }
    }
}
