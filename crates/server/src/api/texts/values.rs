//! Why one value of a request is invalid.

texts! {
    INTERVAL_NOT_KEPT:
        "minutes are kept for 30 days and hours for a year: choose interval={0} for this time",
        "분 단위 통계는 30일, 시간 단위 통계는 1년 동안 보관합니다. 이 기간은 interval={0} 단위로 조회해 주세요";
    HOUR_BEGINS:
        "minutes are kept for 30 days: give the beginning of an hour, or choose interval=hour",
        "분 단위 통계는 30일 동안 보관합니다. 정시를 지정하거나 interval=hour 단위로 조회해 주세요";
    DAY_BEGINS:
        "minutes are kept for 30 days and hours for a year: give the beginning of a day in the shop's time zone, or choose interval=day",
        "분 단위 통계는 30일, 시간 단위 통계는 1년 동안 보관합니다. 상점 시간대의 자정을 지정하거나 interval=day 단위로 조회해 주세요";
    REQUIRED: "this field is required", "필수 항목입니다";
    GIVEN_TWICE: "this field is given more than once", "같은 항목이 두 번 이상 있습니다";
    PARAMETER_REQUIRED: "this parameter is required", "필수 매개변수입니다";
    PARAMETER_TWICE: "this parameter is given more than once", "같은 매개변수가 두 번 이상 있습니다";
    PARAMETER_UNKNOWN: "this parameter is not known", "알 수 없는 매개변수입니다";
    ONE_OF: "must be one of: {0}", "다음 중 하나여야 합니다: {0}";
    NUMBER_TOO_LARGE: "the number is too large", "수가 너무 큽니다";
    WHOLE_NUMBER: "must be a whole number that is not negative", "0 이상의 정수여야 합니다";
    TRUE_OR_FALSE: "must be true or false", "true 또는 false여야 합니다";
    NOT_ACCEPTED: "the value is not accepted here", "여기서 사용할 수 없는 값입니다";
    OF_PARAMETER: "parameter {0}: {1}", "매개변수 {0}: {1}";
    OF_HEADER: "header {0}: {1}", "헤더 {0}: {1}";
    HOST: "a request of HTTP/1.1 must have this header", "HTTP/1.1 요청에 꼭 필요한 헤더입니다";
    HEADER_TWICE: "must be given once", "한 번만 보내 주세요";
    IDEMPOTENCY_KEY:
        "must be 1 to 255 visible ASCII characters, in double quotes or bare",
        "공백 없는 ASCII 문자 1자 이상 255자 이하여야 합니다(큰따옴표로 감싸도 됩니다)";
    NO_KEY_HERE:
        "this path keeps no answers to repeat; send the request without this header",
        "이 경로는 응답을 보관하지 않습니다. 이 헤더 없이 요청해 주세요";
    NOTICE_ID: "must be the id of a notice: a whole number", "알림 번호(정수)여야 합니다";
    WEBSOCKET:
        "this path requires a WebSocket: send Connection: Upgrade, Upgrade: websocket, Sec-WebSocket-Version: 13 and a Sec-WebSocket-Key",
        "웹소켓 경로입니다. Connection: Upgrade, Upgrade: websocket, Sec-WebSocket-Version: 13, Sec-WebSocket-Key 헤더를 보내 주세요";
    CURSOR: "the cursor does not belong to this list; start again without one", "이 목록의 커서가 아닙니다. 커서 없이 다시 시작해 주세요";

    FROM_TO: "must be from {0} to {1}", "{0} 이상 {1} 이하여야 합니다";
    FROM_TO_WON: "must be from {0:amount} to {1:amount}", "{0:amount} 이상 {1:amount} 이하여야 합니다";
    FROM_TO_PERCENT: "must be from {0} to {1} percent", "{0}% 이상 {1}% 이하여야 합니다";
    FROM_TO_NOT_ZERO: "must be from {0} to {1}, and not 0", "{0} 이상 {1} 이하이며 0이 아니어야 합니다";
    CHARACTERS: "must have {0} to {1} characters", "{0}자 이상 {1}자 이하로 입력해 주세요";
    CHARACTERS_MAX: "must have at most {0} characters", "{0}자 이하로 입력해 주세요";
    NAME: "must have 1 to {0} characters, none of them invisible", "보이지 않는 문자 없이 1자 이상 {0}자 이하로 입력해 주세요";
    NOTHING_UNSEEN:
        "must not have invisible characters, such as U+200B or direction marks",
        "폭이 없는 공백(U+200B)이나 방향 표시처럼 보이지 않는 문자를 포함할 수 없습니다";
    WEB_ADDRESS:
        "must be an address such as https://example.com/image.png without a password, of at most {0} characters",
        "비밀번호 없이 {0}자 이하인 https://example.com/image.png와 같은 주소여야 합니다";
    ATTRIBUTES: "must have at most {0} attributes", "속성은 {0}개까지 지정할 수 있습니다";
    ATTRIBUTE_NAME: "the name of an attribute must have 1 to {0} characters, none of them invisible", "속성 이름은 보이지 않는 문자 없이 1자 이상 {0}자 이하여야 합니다";
    ATTRIBUTES_SIZE: "must be at most {0} bytes of JSON, nested at most {1} deep", "JSON으로 {0}바이트 이하, {1}단계 이하의 깊이여야 합니다";
    ENDS_BEFORE_START:
        "must be later than startsAt, or a moment that has passed, which ends the drop now",
        "startsAt 이후이거나, 드롭을 바로 종료하려면 지난 시각이어야 합니다";
    LATER_THAN: "must be later than {0}", "{0} 이후여야 합니다";
    ONE_WORD: "must not have spaces, line breaks or invisible characters", "공백, 줄바꿈, 보이지 않는 문자를 포함할 수 없습니다";
    NO_CONTROL_CHARACTERS: "must not have control characters", "제어 문자를 포함할 수 없습니다";
    LINES_MAX: "must have at most {0} lines", "상품은 {0}줄까지 담으실 수 있습니다";
    LINES_OR_NONE: "must have 1 to {0} lines, or be absent", "1줄 이상 {0}줄 이하이거나 비어 있어야 합니다";
    EMAIL: "must be an e-mail address such as ann@example.com", "ann@example.com과 같은 이메일 주소여야 합니다";
    EMAIL_NOT_CHANGED: "must be your own e-mail address, or absent", "본인의 이메일 주소이거나 비어 있어야 합니다";
    EMAIL_UNKNOWN: "this user has no e-mail address", "이메일 주소가 없는 사용자입니다";
    PHONE: "must be an international phone number such as +821012345678", "+821012345678과 같은 국제 전화번호 형식이어야 합니다";
    TIME: "must be an RFC 3339 time such as 2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z와 같은 RFC 3339 시각이어야 합니다";
    NOT_IN_THE_FUTURE: "must not be in the future", "미래의 시각일 수 없습니다";
    NOT_BEFORE: "must not be before {0}", "{0} 이전일 수 없습니다";
    ONE_COUPON: "give couponId or userCouponId, not both", "couponId와 userCouponId 중 하나만 보내 주세요";
    ONE_PAYMENT: "give payment or paymentRequest, not both", "payment와 paymentRequest 중 하나만 보내 주세요";
    ONLY_PERCENT_CAPPED: "only a PERCENT discount can have a maximum", "최대 할인 금액은 PERCENT 할인에만 지정할 수 있습니다";
    RECEIVER_MISSING: "name a receiver, or have the warehouse store the goods", "받으실 분을 입력하거나 창고 보관을 선택해 주세요";
    REFUND_TOO_MUCH: "more units than the order still has", "구매하신 수량보다 많이 환불하실 수 없습니다";
    NOT_THAT_MUCH_AWAITED: "more units than are awaited", "도착을 기다리는 수량보다 많습니다";
    GOODS_FOR_ADMINS: "only admins may send it, on the admin paths; leave it out", "관리자 전용 항목입니다. 비워 두세요";
    QUANTITY_TOO_LARGE:
        "an order has at most {0} units of a product, in all of its lines together",
        "한 주문에서 같은 상품은 모두 합해 {0}개까지 주문하실 수 있습니다";
    TOTAL_TOO_LARGE: "the items cost more than {0:amount}; order less", "주문 금액이 {0:amount}을 넘습니다. 수량을 줄여 주세요";
    STOCK_TOO_MUCH: "the stock would exceed the most that the shop may hold", "상점이 보유할 수 있는 재고를 넘습니다";
    QUANTITY_LOWERED: "the quantity is {0} and can only be raised", "현재 수량은 {0}개이며 늘리기만 할 수 있습니다";
    WINDOW_OUT_OF_ORDER:
        "issue must end after it starts and no later than the coupons expire",
        "발급 종료는 발급 시작 이후이고 쿠폰 만료보다 늦지 않아야 합니다";
    POINTS_ABOVE_PAYABLE:
        "items and coupon leave {0:amount} to pay; use at most as many points",
        "상품과 쿠폰을 적용한 결제 금액은 {0:amount}입니다. 그 이하의 포인트만 사용하실 수 있습니다";
    POINTS_TOO_MUCH:
        "the account holds {0} points and cannot hold that many more",
        "현재 {0}포인트를 보유하고 있어 그만큼 더 충전하실 수 없습니다";
    SCOPES: "must be one or more scopes, such as orders:read", "orders:read와 같은 권한이 하나 이상 필요합니다";
    PAYMENT_TOKEN: "must be the provider's token: 1 to 255 visible ASCII characters", "결제사에서 받은 토큰(영문·숫자·기호 1~255자)이어야 합니다";
    RETURN_URL:
        "must be an address such as https://shop.example/thanks, of at most 2000 characters and without a password",
        "https://shop.example/thanks와 같은 2000자 이하의 주소여야 하며, 비밀번호를 포함할 수 없습니다";
}
