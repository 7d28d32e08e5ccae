//! Texts of an order's page in the dashboard.

texts! {
    // Facts.
    STORAGE: "Storage", "보관";
    PAY_BEFORE: "Pay before", "결제 기한";
    ATTEMPT: "Attempt", "시도";
    TRIED_AGAIN: "Retry", "재시도";
    GOODS: "Goods", "상품";
    STEPS: "Steps", "단계";
    PERSON: "By user", "작업자";
    NEXT_REQUEST: "Requested again", "다시 요청";

    // The timeline.
    PART_ORDER: "Order", "주문";
    PART_STEP: "Step", "단계";
    PART_COMPENSATION: "Compensation", "보상";
    PART_MONEY: "Payment", "결제";
    PART_SHIPMENT: "Shipment", "배송";
    NOTICE: "Notice", "알림";
    WEBHOOK: "Webhook {0}", "웹훅 {0}";
    LETTER: "Dead letter {0}", "처리하지 못한 메시지 {0}";
    SILENT_FOR: "Nothing has happened for {0}.", "{0} 동안 진행된 내용이 없습니다.";
    EARLIER: "All events of this order", "이 주문의 모든 이벤트";
    IN_ARCHIVE: "Events from before {0} are in the archive.", "{0} 이전의 이벤트는 보관 파일에 있습니다.";
    SECONDS_LONG: "{0} s", "{0}초";
    MINUTES_LONG: "{0} min {1} s", "{0}분 {1}초";
    HOURS_LONG: "{0} h {1} min", "{0}시간 {1}분";
    DAYS_LONG: "{0} d {1} h", "{0}일 {1}시간";

    // Actions.
    ONLY_PRODUCT: "Only this product", "이 상품만";
    ONLY_UNITS: "Only so many units", "이 수량만";
    GOODS_AWAITED: "They have not arrived yet", "아직 도착하지 않음";
    GOODS_RETURNED: "They are back in stock", "재고로 돌아옴";
    GOODS_WRITTEN_OFF: "They are lost or worthless", "분실되었거나 판매할 수 없음";
    TAKE_IN: "Goods arrived", "반품 입고";
    TAKE_IN_SAYS:
        "Puts refunded goods that were awaited on sale again: all of them, or so many units of one product.",
        "기다리던 환불 상품을 다시 판매합니다. 전부 또는 한 상품의 일부 수량만 입고할 수 있습니다.";
    WRITE_OFF: "Write awaited goods off", "반품 손실 처리";
    WRITE_OFF_SAYS:
        "Stops waiting for refunded goods. They are not put on sale again. This cannot be undone.",
        "환불 상품을 더 이상 기다리지 않으며 다시 판매하지 않습니다. 되돌릴 수 없습니다.";
    TRACK: "Change the tracking number", "운송장 번호 변경";
    TRACK_SAYS: "The status of the shipment stays as it is.", "배송 상태는 그대로 유지됩니다.";
    STORE: "Change storage", "보관 상태 변경";
    STORE_SAYS:
        "Moves the stored goods to the next status. Goods that were removed or sold do not come back into storage.",
        "보관 상품을 다음 상태로 바꿉니다. 출고되거나 판매된 상품은 다시 보관 상태로 돌아오지 않습니다.";
}
