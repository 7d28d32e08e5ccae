//! The `detail` of problems that customers get.

texts! {
    // Products.
    STALE: "It was changed since you read it. Read it again, and decide with its new state.", "읽으신 뒤에 변경되었습니다. 다시 읽고 새 상태를 확인한 뒤 시도해 주세요.";
    SKU_TAKEN: "Another product has this SKU. Choose another one, or take it away from that product first.", "이 SKU를 쓰는 다른 상품이 있습니다. 다른 값을 쓰거나 그 상품에서 먼저 지워 주세요.";
    EXTERNAL_ID_TAKEN: "Another product has this externalId. Choose another one, or take it away from that product first.", "이 externalId를 쓰는 다른 상품이 있습니다. 다른 값을 쓰거나 그 상품에서 먼저 지워 주세요.";
    // Orders and their fulfilment.
    ORDER_NOT_FOUND: "There is no order with this number.", "이 번호의 주문이 없습니다.";
    ORDER_EMPTY: "Name at least one product and quantity.", "상품과 수량을 하나 이상 입력해 주세요.";
    ORDER_NOT_CANCELLABLE:
        "Only an order that is not cancelled, and whose goods have not been shipped, can be cancelled.",
        "상품이 출고되지 않았고 아직 취소되지 않은 주문만 취소하실 수 있습니다.";
    ORDER_NOT_REFUNDABLE:
        "Only a completed order can be refunded, and each unit only once.",
        "완료된 주문만 환불하실 수 있으며, 같은 상품은 한 번만 환불됩니다.";
    REFUND_PENDING:
        "The shop is reviewing a refund that was already requested.",
        "이미 요청하신 환불을 판매자가 확인하고 있습니다.";
    NO_REFUND_ASKED: "This order has no refund request that waits for approval.", "승인을 기다리는 환불 요청이 없는 주문입니다.";
    GOODS_ON_THE_WAY:
        "The goods are in transit. Request the refund again when they have been delivered or returned.",
        "상품이 배송 중입니다. 배송이 완료되거나 반송된 뒤에 다시 요청해 주세요.";
    GOODS_SOLD: "The goods were sold at auction and cannot be refunded.", "경매로 판매된 상품은 환불하실 수 없습니다.";
    GOODS_COMMITTED:
        "The goods are already shipped or stored, so their destination cannot be changed.",
        "상품이 이미 출고되었거나 창고에 보관되어 받으실 곳을 바꿀 수 없습니다.";
    COUPON_WORTHLESS:
        "The coupon gives no discount on this order. Order without it, and you keep the coupon.",
        "이 주문에서는 할인되는 금액이 없습니다. 쿠폰 없이 주문하시면 쿠폰은 그대로 남습니다.";
    MODE_FOR_ADMINS: "Only an admin may choose the mode of an order.", "주문 처리 방식은 관리자만 정할 수 있습니다.";
    PAYMENT_NOT_DUE:
        "No payment is due: the order is paid on delivery, or costs nothing.",
        "결제하실 금액이 없습니다. 배송 시 결제하거나 결제가 필요 없는 주문입니다.";
    PAYMENT_NOT_YET_DUE:
        "The order is still being processed. It can be paid as soon as its goods are reserved; send the request again in a moment.",
        "주문을 처리하고 있습니다. 상품이 확보되면 결제하실 수 있으니 잠시 후 다시 시도해 주세요.";
    ORDER_NOT_PAYABLE:
        "The order was cancelled or refunded, or a refund of it was requested, so it cannot be paid. Money that was taken for a cancelled order is refunded.",
        "취소되었거나 환불되었거나 환불이 요청된 주문이므로 결제하실 수 없습니다. 취소된 주문의 결제 금액은 환불됩니다.";
    PAYMENT_PAID_LATER:
        "This payment was declined; a later one paid for the order.",
        "이 결제는 거절되었으며, 이후의 결제로 주문이 결제되었습니다.";
    PAYMENT_FAILED_AT_THE_END:
        "The payment was declined, and the payment deadline has passed. The order is cancelled.",
        "결제가 거절되었고 결제 기한이 지났습니다. 주문은 취소됩니다.";
    PAYMENT_BEGUN_AGAIN:
        "This payment was declined; a later one was started.",
        "이 결제는 거절되었으며, 이후에 새로운 결제가 시작되었습니다.";
    PAYMENT_ALREADY_PAID: "The order is already paid.", "이미 결제된 주문입니다.";
    PAYMENT_IN_PROGRESS:
        "A payment or refund of this order is in progress. Wait for its result.",
        "결제 또는 환불이 진행 중입니다. 결과를 기다려 주세요.";
    PAYMENT_AMOUNT_MISMATCH:
        "The amount due is {0:amount}. Check the amount and try again.",
        "결제하실 금액은 {0:amount}입니다. 금액을 확인하신 뒤 다시 시도해 주세요.";
    PAYMENT_DECLINED:
        "The payment was declined: {0}. The order can be paid again until the payment deadline, with a new Idempotency-Key.",
        "결제가 거절되었습니다(사유: {0}). 결제 기한 안에 새로운 Idempotency-Key로 다시 결제하실 수 있습니다.";
    PAYMENT_WITHDRAWN: "the payment was withdrawn", "결제가 철회됨";
    SHIPMENT_NOT_FOUND:
        "No goods have been shipped or stored for an order with this number.",
        "이 번호의 주문으로 배송되거나 보관된 상품이 없습니다.";
    SHIPMENT_NOT_POSSIBLE: "This change is not possible from the current status, {0}.", "현재 상태({0})에서는 그렇게 바꿀 수 없습니다.";

    // Products, prices, points.
    PRODUCT_NOT_FOUND: "There is no product with this number.", "이 번호의 상품이 없습니다.";
    DROP_NOT_FOUND: "There is no drop with this number.", "이 번호의 드롭이 없습니다.";
    DROP_NOT_STARTED:
        "A product of this order is sold in a drop that has not started yet. Order it when the drop opens.",
        "아직 시작되지 않은 드롭의 상품입니다. 드롭이 시작되면 다시 주문해 주세요.";
    DROP_ENDED: "The drop has ended; its products are not sold any more.", "드롭이 종료되어 더 이상 판매하지 않는 상품입니다.";
    DROP_PAUSED: "The drop is paused. Order again when it continues.", "드롭이 일시 중지되었습니다. 재개되면 다시 주문해 주세요.";
    QUEUE_NOT_FOUND: "This drop has no waiting room; order when it is open.", "대기열이 없는 드롭입니다. 드롭이 열려 있을 때 주문해 주세요.";
    NO_WAITING_ROOM: "This drop has no waiting room, so it has no rate.", "대기열이 없는 드롭이라 입장 속도를 바꿀 수 없습니다.";
    TICKET_REQUIRED:
        "This drop has a waiting room. Join it, and order with the header Queue-Ticket once your ticket is ADMITTED and before its time is over.",
        "대기열이 있는 드롭입니다. 대기열에 들어간 뒤 차례가 되면(ADMITTED) 정해진 시간 안에 Queue-Ticket 헤더와 함께 주문해 주세요.";
    CHALLENGE_REQUIRED:
        "This shop checks clients before they join. Solve its check, and send the token as Challenge-Token.",
        "대기열에 들어가기 전에 확인 절차가 필요합니다. 확인을 마치고 받은 토큰을 Challenge-Token 헤더로 보내 주세요.";
    CHALLENGE_FAILED:
        "The token is not valid, is too old, or was used before. Solve the check again.",
        "토큰이 올바르지 않거나 만료되었거나 이미 사용되었습니다. 확인 절차를 다시 진행해 주세요.";
    CHALLENGE_SILENT:
        "The check is not available right now. Try again in a moment.",
        "지금은 확인 서비스를 이용할 수 없습니다. 잠시 후 다시 시도해 주세요.";
    TICKET_NOT_FOUND: "You have no ticket of this waiting room. Join it first.", "이 대기열의 대기표가 없습니다. 먼저 대기열에 들어가 주세요.";
    RECEIPT_NOT_FOUND: "No product of this order was sold in a drop.", "드롭에서 구매하신 상품이 없는 주문입니다.";
    RECEIPT_OF_OTHER_DROP:
        "No product of this order was sold in drop {0}; its products were sold in drop {1}.",
        "이 주문에는 {0}번 드롭의 상품이 없습니다. {1}번 드롭에서 구매하신 주문입니다.";
    LIMIT_EXCEEDED:
        "One customer gets at most {0} units here, and {1} of yours count already. Cancelled and returned units do not count.",
        "한 분당 {0}개까지 구매하실 수 있으며, 이미 {1}개를 주문하셨습니다. 취소하거나 반품한 수량은 제외됩니다.";
    CARD_LIMIT_EXCEEDED:
        "With this order, the card or account would pay for more units of the drop than it may. The order was cancelled, and nothing was charged.",
        "이 주문까지 더하면 카드 또는 계좌 하나로 구매하실 수 있는 수량을 넘습니다. 주문이 취소되었으며 결제되지 않았습니다.";
    ORDER_ABOVE_CARD_LIMIT:
        "One card or account pays for at most {0} units here, and this order has more. Order at most {0} units.",
        "카드 또는 계좌 하나로 {0}개까지 구매하실 수 있습니다. 주문 수량을 {0}개 이하로 줄여 주세요.";
    PREPAYMENT_REQUIRED:
        "Orders of this drop are paid before they are shipped. Order with payment PREPAID.",
        "이 드롭은 선결제만 가능합니다. 결제 방식을 PREPAID로 주문해 주세요.";
    STOCK_EXHAUSTED:
        "Only {0} units are neither sold nor reserved; write off at most that many.",
        "판매되거나 예약되지 않은 재고는 {0}개입니다. 그 이하로만 차감할 수 있습니다.";
    PRICE_CHANGED:
        "The items cost {0:amount} now. Check the amount and order again.",
        "상품 금액이 {0:amount}으로 바뀌었습니다. 금액을 확인하신 뒤 다시 주문해 주세요.";
    POINTS_CHARGE_FORBIDDEN:
        "Only the shop can charge points; ask an admin.",
        "포인트는 상점에서 충전해 드립니다. 관리자에게 문의해 주세요.";

    // Coupons.
    COUPON_NOT_FOUND: "There is no such coupon.", "해당 쿠폰이 없습니다.";
    COUPON_PAUSED: "The campaign is paused; try again later.", "쿠폰 발급이 일시 중지되었습니다. 나중에 다시 시도해 주세요.";
    COUPON_NOT_STARTED: "The issue period has not started.", "아직 쿠폰 발급 기간이 아닙니다.";
    COUPON_EXPIRED: "The issue period has ended.", "쿠폰 발급 기간이 끝났습니다.";
    COUPON_ALREADY_ISSUED:
        "You already have as many of these coupons as one user may have.",
        "한 분이 받으실 수 있는 쿠폰을 이미 모두 받으셨습니다.";
    COUPON_SOLD_OUT: "All coupons of this campaign have been issued.", "준비된 쿠폰이 모두 소진되었습니다.";
    REQUEST_NOT_FOUND: "You have no coupon request with this number.", "이 번호의 요청이 없습니다.";

    // People.
    EMAIL_TAKEN: "This e-mail address is registered; log in instead.", "이미 가입된 이메일 주소입니다. 로그인해 주세요.";
    CURRENT_PASSWORD: "The current password is wrong.", "현재 비밀번호가 맞지 않습니다.";
    CREDENTIALS: "The e-mail address or the password is wrong.", "이메일 주소 또는 비밀번호가 맞지 않습니다.";
    PASSWORD_FAILED: "The password could not be processed.", "비밀번호를 처리하지 못했습니다.";
    LOGINS_TOO_MANY: "Too many logins at once; try again soon.", "로그인이 몰리고 있습니다. 잠시 후 다시 시도해 주세요.";
    ORIGIN_NOT_OURS:
        "With a session cookie, only the shop's own pages may send this. Send the token in the Authorization header instead.",
        "세션 쿠키로는 상점의 자체 페이지에서만 요청할 수 있습니다. 토큰을 Authorization 헤더로 보내 주세요.";
    TOKEN_MISSING: "Send a token: Authorization: Bearer …", "토큰이 필요합니다. Authorization: Bearer … 헤더를 보내 주세요.";
    TOKEN_TWICE: "The Authorization header is given more than once; send one.", "Authorization 헤더가 두 번 이상 있습니다. 하나만 보내 주세요.";
    TOKEN_UNREADABLE: "The Authorization header holds no bearer token.", "Authorization 헤더에 Bearer 토큰이 없습니다.";
    TOKEN_INVALID: "The token is not valid or has expired.", "토큰이 유효하지 않거나 만료되었습니다. 다시 로그인해 주세요.";
    ROLE_TOO_LOW: "Your role does not allow this. Ask an admin of the shop.", "현재 역할로는 할 수 없는 작업입니다. 상점 관리자에게 문의해 주세요.";
    KEY_INVALID: "There is no such API key, or it was revoked.", "없는 API 키이거나 폐기된 키입니다.";
    NOT_FOR_KEYS: "API keys may not call this path; log in as an admin.", "API 키로는 호출할 수 없는 경로입니다. 관리자로 로그인해 주세요.";
    SCOPE_MISSING: "The API key lacks the scope {0}.", "이 API 키에는 {0} 권한이 없습니다.";
    API_KEY_NOT_FOUND: "There is no API key with this number.", "이 번호의 API 키가 없습니다.";
    OWN_ROLE: "An admin cannot change their own role; another admin can.", "자신의 역할은 바꿀 수 없습니다. 다른 관리자에게 요청해 주세요.";
    USER_NOT_FOUND: "No user has registered with this number.", "이 번호로 가입한 사용자가 없습니다.";
    ADMINS_ONLY: "This path is for admins.", "관리자만 사용할 수 있는 경로입니다.";
    OTHER_USER: "It must be the token's user, or absent.", "로그인한 본인의 번호이거나 비어 있어야 합니다.";

    // Requests in general.
    NO_SUCH_ID: "Nothing here has the id {0}.", "{0}번은 없습니다.";
    NO_ROUTE: "There is nothing at {0} {1}.", "{0} {1} 경로에는 아무것도 없습니다.";
    NO_METHOD: "{0} does not allow the method {1}.", "{0} 경로는 {1} 메서드를 받지 않습니다.";
    BODY_TOO_LARGE: "The body may have at most {0} bytes.", "본문은 최대 {0}바이트까지 보내실 수 있습니다.";
    BODY_TOO_SLOW: "The body did not arrive within {0} seconds.", "본문이 {0}초 안에 도착하지 않았습니다.";
    BODY_COMPRESSED:
        "The body must be sent uncompressed, without content-encoding.",
        "본문은 content-encoding 없이 압축하지 않고 보내 주세요.";
    HEAD_TOO_LARGE:
        "The head of a request may have at most {0} KiB and 100 headers.",
        "요청 헤더는 전체 {0}KiB, 100개까지 보내실 수 있습니다.";
    NO_REQUEST:
        "This is not a valid HTTP/1.1 request. Check its first line, its headers and the length of its body.",
        "읽을 수 있는 HTTP/1.1 요청이 아닙니다. 첫 줄, 헤더, 본문 길이를 확인해 주세요.";
    BODY_NOT_JSON:
        "The body must be sent with content-type: application/json.",
        "본문은 content-type: application/json으로 보내 주세요.";
    KEY_WITH_ANOTHER_BODY:
        "This Idempotency-Key was already used with another body; use a new key for a new request.",
        "이 Idempotency-Key는 다른 본문으로 이미 사용되었습니다. 새 요청에는 새 키를 사용해 주세요.";
    KEY_UNDECIDED:
        "The first request with this key is still being decided.",
        "같은 키로 보내신 첫 요청을 아직 처리하고 있습니다.";
    SEVERAL_VALUES: "{0} values of the request are not valid", "요청에서 올바르지 않은 값이 {0}개 있습니다";
    GUESSES_TOO_MANY:
        "Too many wrong passwords; wait before you try again.",
        "비밀번호를 여러 번 잘못 입력하셨습니다. 잠시 후 다시 시도해 주세요.";
    STREAMS_TOO_MANY:
        "You have {0} open notice streams, which is the limit; close one.",
        "알림 연결은 최대 {0}개까지 열 수 있습니다. 사용하지 않는 연결을 닫아 주세요.";
    CONNECTIONS_TOO_MANY:
        "Your address has too many connections open; use those, or close some.",
        "이 주소에서 열린 연결이 너무 많습니다. 열려 있는 연결을 사용하거나 일부를 닫아 주세요.";
    CONNECTIONS_USED:
        "All connections of the shop are in use; try again soon.",
        "지금 접속이 몰리고 있습니다. 잠시 후 다시 시도해 주세요.";
    JOINS_TOO_MANY:
        "At most {0} joins per second are allowed from one network, and at most {1} at once. Try again soon.",
        "한 네트워크에서는 대기열에 초당 {0}회, 한 번에 최대 {1}회까지 들어갈 수 있습니다. 잠시 후 다시 시도해 주세요.";
    RATE_EXCEEDED:
        "At most {0} writing requests per second are allowed, and at most {1} at once.",
        "요청은 초당 {0}회, 한 번에 최대 {1}회까지 보내실 수 있습니다.";

    // The shop itself.
    OVERLOADED:
        "Too many requests are waiting for this one to be decided in time. Nothing was changed.",
        "요청이 몰려 제때 처리할 수 없습니다. 아무것도 변경되지 않았습니다.";
    BROKEN:
        "Nothing was changed: the request would have broken a rule that must always hold. The operators were alerted.",
        "상점에서 항상 지켜야 하는 규칙에 어긋나 아무것도 변경하지 않았습니다. 운영자에게 알렸습니다.";
    DAMAGED:
        "Data of the shop that this request needs is damaged and cannot be read. Nothing was changed. The operators were alerted.",
        "이 요청에 필요한 상점의 데이터가 손상되어 읽을 수 없습니다. 아무것도 변경하지 않았고 운영자에게 알렸습니다.";
    NOT_WRITTEN:
        "The shop cannot write at the moment. Nothing was changed; repeat the request shortly.",
        "지금은 상점에 기록할 수 없어 아무것도 변경되지 않았습니다. 잠시 후 다시 요청해 주세요.";
    OUTCOME_UNKNOWN:
        "The outcome is unknown; repeat the request with the same Idempotency-Key.",
        "처리 결과를 확인하지 못했습니다. 같은 Idempotency-Key로 다시 요청해 주세요.";
    STORE_SILENT: "The store does not answer; try again.", "저장소가 응답하지 않습니다. 다시 시도해 주세요.";
    SHOP_CLOSES: "The shop is closing; connect again in a moment.", "상점이 재시작되고 있습니다. 잠시 후 다시 연결해 주세요.";
    FAILED: "The request could not be handled; the cause is in the log.", "요청을 처리하지 못했습니다. 원인은 로그에 남아 있습니다.";
    AMOUNT_FAILED: "This amount cannot be processed.", "이 금액은 처리할 수 없습니다.";
    HISTORY_UNREADABLE:
        "The order's history cannot be read; the cause is in the log.",
        "주문 이력을 읽지 못했습니다. 원인은 로그에 남아 있습니다.";
}
