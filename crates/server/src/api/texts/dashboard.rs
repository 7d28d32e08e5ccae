//! Texts of the operators' dashboard.

texts! {
    NOW: "Now", "현황";
    ORDERS: "Orders", "주문";
    PRODUCTS: "Products", "상품";
    CAMPAIGNS: "Campaigns", "쿠폰 캠페인";
    MESSAGES: "Messages", "메시지";
    PAYMENTS: "Payments", "결제";
    AUDIT: "Audit", "감사";
    TO_SHOP: "Storefront", "상점 보기";

    // Now.
    ORDERS_PER_SECOND: "Orders per second", "초당 주문";
    COUPONS_PER_SECOND: "Coupons per second", "초당 쿠폰";
    REFUSED_PER_SECOND: "Refusals per second", "초당 거절";
    LATENCY: "Latency p50 / p99", "응답 시간 p50 / p99";
    QUEUE: "Waiting for the engine", "엔진 대기";
    LAST_MINUTE: "last minute", "최근 1분";
    LAST_HOUR: "Last hour", "최근 1시간";
    PER_SECOND: "{0} per second", "초당 {0}";
    THIS_PROCESS: "As answered by this process", "이 프로세스의 응답 기준";
    ALERTS: "Open alerts", "발생한 알림";
    NO_ALERTS: "No alert is open.", "발생한 알림이 없습니다.";
    WAITS: "Waits for an operator", "운영자 확인 필요";
    NOTHING_WAITS: "Nothing waits for an operator.", "확인이 필요한 항목이 없습니다.";
    STUCK_ORDERS: "Stuck cancellations", "취소가 멈춘 주문";
    STUCK_PAYMENTS: "Stuck refunds", "환불이 멈춘 결제";
    OPEN_LETTERS: "Dead letters", "처리하지 못한 메시지";
    HOT_PRODUCTS: "Best sellers today", "오늘의 인기 상품";
    OPEN_CAMPAIGNS: "Campaigns", "쿠폰 캠페인";
    ORDERS_TODAY: "Orders today", "오늘의 주문";
    PLACED_TODAY: "Placed", "접수";
    COMPLETED: "Completed", "완료";
    CANCELLED: "Cancelled", "취소";
    REFUNDED: "Refunded", "환불";
    NOTHING_SOLD: "Nothing was sold today yet.", "오늘 판매된 상품이 없습니다.";

    // Columns.
    NUMBER: "No.", "번호";
    NAME: "Name", "이름";
    PRICE: "Price", "가격";
    AVAILABLE: "Available", "판매 가능";
    ON_HAND: "On hand", "보유";
    RESERVED: "Reserved", "확보";
    SOLD: "Sold", "판매";
    LEFT: "Left", "남은 수량";
    ISSUED: "Issued", "발급";
    STATUS: "Status", "상태";
    OUTCOME: "Outcome", "결과";
    CUSTOMER: "Customer", "고객";
    PLACED: "Placed", "주문 일시";
    AMOUNT: "Amount", "금액";
    MODE: "Mode", "처리 방식";
    GROUP: "Group", "그룹";
    LAG: "Lag", "지연";
    TYPE: "Type", "종류";
    KEY: "Key", "키";
    ATTEMPTS: "Attempts", "시도";
    ERROR: "Error", "오류";
    SINCE: "Since", "시작";
    OWED: "Owed", "미환불";

    // Orders.
    FIND_ORDER: "Order number", "주문 번호";
    FIND: "Find", "찾기";
    EVERY_OUTCOME: "All", "전체";
    NO_SUCH_ORDERS: "No orders match.", "해당하는 주문이 없습니다.";
    OLDER: "Older", "이전 주문";
    TIMELINE: "Timeline", "진행 기록";
    CAUSED_BY: "caused by {0}", "원인: {0}";
    AFTER_PAUSE: "after {0}", "{0} 후";
    ACTIONS: "Actions", "작업";
    NO_ACTIONS: "Nothing can be done about this order.", "이 주문에 대해 할 수 있는 작업이 없습니다.";
    REASON: "Reason", "사유";
    CONFIRM: "Confirm", "확인";
    NOT_JSON: "This is not valid JSON.", "올바른 JSON이 아닙니다.";
    CANCEL_ORDER: "Cancel order", "주문 취소";
    CANCEL_SAYS:
        "Cancels the order for the shop. Goods, points and coupon are restored, and captured money is refunded.",
        "상점 사정으로 주문을 취소합니다. 상품과 포인트, 쿠폰이 복원되고 결제된 금액은 환불됩니다.";
    REFUND_ORDER: "Refund", "환불";
    REFUND_SAYS:
        "Refunds all units that are left, or only so many units of one product.",
        "남은 모든 수량을 환불하거나, 한 상품의 일부 수량만 환불합니다.";
    APPROVE_REFUND: "Approve refund", "환불 승인";
    APPROVE_SAYS: "Approves the requested refund and returns the money.", "요청된 환불을 승인하고 금액을 돌려줍니다.";
    REJECT_REFUND: "Reject refund", "환불 거절";
    REJECT_SAYS: "Rejects the refund. The customer is told the reason.", "환불을 거절합니다. 사유가 고객에게 안내됩니다.";
    EXTEND_HOLD: "More time to pay", "결제 시간 연장";
    EXTEND_SAYS: "The order keeps what it holds for so much longer.", "주문이 확보한 상품을 그만큼 더 유지합니다.";
    SECONDS: "Seconds", "초";
    RESUME_ORDER: "Retry restoration", "복원 다시 시도";
    RESUME_SAYS: "Requests the outstanding restorations again.", "끝나지 않은 복원을 다시 요청합니다.";
    RESOLVE_ORDER: "Resolve by hand", "직접 해결";
    RESOLVE_SAYS:
        "Restores, in one commit, what no participant has confirmed as restored, and ends the cancellation.",
        "복원이 확인되지 않은 항목을 한 번에 복원하고 취소를 끝냅니다.";
    SHIP: "Change shipment", "배송 상태 변경";
    SHIP_SAYS: "Moves the shipment to the next status. The order's status follows.", "배송을 다음 상태로 바꿉니다. 주문 상태도 함께 바뀝니다.";
    NEXT_STATUS: "Next status", "다음 상태";
    TRACKING_NUMBER: "Tracking number", "운송장 번호";
    RETRY_PAYMENT: "Retry refund", "환불 다시 시도";
    RETRY_PAYMENT_SAYS: "Requests the stuck refund or void from the provider again, under a new key.", "멈춘 환불이나 승인 취소를 새 키로 다시 요청합니다.";
    RESOLVE_PAYMENT: "Resolve without the provider", "직접 환불 처리";
    RESOLVE_PAYMENT_SAYS: "Records that the money was returned in another way.", "다른 방법으로 환불했음을 기록합니다.";
    REFERENCE: "Reference", "증빙 번호";

    // Products and campaigns.
    NEW_PRODUCT: "New product", "상품 등록";
    NEW_PRODUCT_SAYS: "The product is on sale as soon as it is registered.", "등록하면 바로 판매가 시작됩니다.";
    STOCK: "Stock", "재고";
    NO_SUCH_PRODUCTS: "No product matches.", "해당하는 상품이 없습니다.";
    DETAILS: "Details", "상세 정보";
    NAME_OR_SKU: "Name or SKU", "이름 또는 상품 코드";
    IMAGE_URL: "Address of a picture (https://…)", "이미지 주소(https://…)";
    ATTRIBUTES: "Attributes, as JSON", "속성(JSON)";
    DESCRIBE_PRODUCT: "Change description and SKU", "설명·상품 코드 변경";
    DESCRIBE_PRODUCT_SAYS: "A field that is emptied is taken away.", "비운 항목은 삭제됩니다.";
    CHANGE_PRODUCT: "Change price or status", "가격·상태 변경";
    CHANGE_PRODUCT_SAYS: "Orders already placed keep the price that they were placed with.", "이미 접수된 주문은 주문 당시 가격을 유지합니다.";
    ADJUST_STOCK: "Receive or write off", "입고·출고";
    ADJUST_SAYS: "Positive numbers are received, negative ones are written off.", "양수는 입고, 음수는 출고(폐기)입니다.";
    UNITS: "Units", "수량";
    NEW_CAMPAIGN: "New campaign", "캠페인 등록";
    NEW_CAMPAIGN_SAYS: "The quantity can be raised later, and never lowered.", "수량은 나중에 늘릴 수만 있고 줄일 수 없습니다.";
    KIND: "Kind", "종류";
    FIXED: "Amount off", "정액 할인";
    PERCENT: "Percent off", "정률 할인";
    VALUE: "Value", "값";
    QUANTITY: "Quantity", "수량";
    STARTS: "Issue starts", "발급 시작";
    ENDS: "Issue ends", "발급 종료";
    VALID_UNTIL: "Coupons valid until", "사용 기한";
    BEGINS: "Starts", "시작";
    CLOSES: "Ends", "종료";
    NEW_DROP: "New drop", "드롭 등록";
    NEW_DROP_SAYS: "The product is sold in this drop only, also after it has ended. Without a rate, everybody orders at once.", "상품은 종료 후에도 이 드롭에서만 판매됩니다. 입장 속도가 없으면 대기 없이 주문합니다.";
    PER_CUSTOMER: "Limit per customer", "1인당 한도";
    PER_CARD: "Limit per card", "카드당 한도";
    ADMIT_PER_SECOND: "Admitted per second", "초당 입장";
    ADMISSION_PERCENT: "Rate in force, %", "적용 속도(%)";
    WAITING: "Waiting", "대기";
    ADMITTED: "Admitted", "입장";
    PAUSE_SAYS_DROP: "Nothing is sold and nobody is admitted until the drop is resumed. The time to order of admitted customers stands still.", "재개할 때까지 판매와 입장이 중지되고, 이미 입장한 고객의 주문 가능 시간도 멈춥니다.";
    RESUME_SAYS_DROP: "Sells and admits again. The time to order of admitted customers continues.", "판매와 입장을 다시 시작합니다. 이미 입장한 고객의 주문 가능 시간도 이어집니다.";
    CHANGE_RATE: "Change the rate", "입장 속도 변경";
    CHANGE_RATE_SAYS: "The waiting room admits at this rate from now on.", "지금부터 이 속도로 입장합니다.";
    RELEASE: "Release the products", "상품 해제";
    RELEASE_SAYS: "The products are sold without a drop again.", "상품을 드롭 없이 다시 판매합니다.";
    MOVE_END: "Move the end", "종료 시각 변경";
    MOVE_END_SAYS: "A later end extends the drop. A moment that has passed ends it now, also before its start. A drop that has ended cannot be changed.", "더 늦은 시각은 드롭을 연장합니다. 지난 시각을 입력하면 시작 전이라도 바로 종료됩니다. 종료된 드롭은 바꿀 수 없습니다.";
    PAUSE: "Pause", "일시 중지";
    PAUSE_SAYS: "No coupon is issued until the campaign is resumed.", "재개할 때까지 쿠폰이 발급되지 않습니다.";
    RESUME: "Resume", "재개";
    RESUME_SAYS_CAMPAIGN: "Coupons are issued again.", "쿠폰 발급을 다시 시작합니다.";
    RAISE: "Raise quantity", "수량 늘리기";
    RAISE_SAYS: "Customers may rely on the quantity, so it cannot be lowered.", "고객에게 약속한 수량이므로 줄일 수 없습니다.";

    // Messages.
    GROUPS: "Consumer groups", "컨슈머 그룹";
    GROUPS_INLINE: "Reactions run inside the deciding commit. Only groups that follow the commits have an offset.", "이벤트는 결정과 같은 커밋에서 처리됩니다. 커밋을 뒤따르는 그룹만 오프셋이 있습니다.";
    OFFSETS_AWAY: "The offsets cannot be read now.", "지금은 오프셋을 읽을 수 없습니다.";
    TOPICS: "Topics", "토픽";
    NO_BROKER: "There is no broker. Topics name the events in the store, and have no partitions.", "브로커가 없습니다. 토픽은 저장소의 이벤트를 구분하는 이름이며 파티션이 없습니다.";
    READ_BY: "Read by", "읽는 그룹";
    PARTITION: "Partition", "파티션";
    PARTITIONS: "Partitions", "파티션 수";
    RECORDS: "Records", "레코드 수";
    OFFSET: "Offset", "오프셋";
    NEW_OFFSET: "New offset", "새 오프셋";
    OFFSET_BEGIN: "First", "첫 오프셋";
    OFFSET_END: "End", "끝 오프셋";
    COMMITTED: "Set at the broker", "브로커에 설정된 오프셋";
    LOST: "Deleted unread", "읽기 전에 삭제됨";
    RESET_GROUP: "Reset the offsets", "오프셋 재설정";
    RESET_LOOK_SAYS: "Name one target, and look first: it shows which events would be skipped or repeated, and moves nothing.", "대상을 하나만 지정하고 먼저 확인하세요. 건너뛰거나 다시 처리할 이벤트를 보여 주며, 아무것도 옮기지 않습니다.";
    TO_TIME: "To the events since (UTC)", "이 시각 이후 이벤트로(UTC)";
    TO_OFFSET: "To the offset", "이 오프셋으로";
    TO_COMMITTED: "To another tool's offset", "다른 도구의 오프셋으로";
    ONE_TARGET: "Name one target only: a time, an offset, or another tool's offset.", "시각, 오프셋, 다른 도구의 오프셋 중 하나만 지정해 주세요.";
    SHOW_RESET: "Show what it would do", "미리 보기";
    WOULD_DO: "What it would do", "미리 보기 결과";
    ALREADY_THERE: "The group's offsets are already there.", "그룹의 오프셋이 이미 그 위치에 있습니다.";
    FIRST_EVENTS: "The first of these events", "해당 이벤트의 처음 일부";
    MEANS: "Effect", "영향";
    SKIPS: "Skipped", "건너뜀";
    REPEATS: "Repeated", "다시 처리";
    AT_LEAST: "at least {0}", "{0} 이상";
    RESET_SAYS: "Moves the group. Skipped events are never handled. Repeated events change nothing where they were handled before.", "그룹을 옮깁니다. 건너뛴 이벤트는 처리되지 않습니다. 다시 받은 이벤트는 이미 처리되었다면 아무것도 바꾸지 않습니다.";
    NO_LETTERS: "There are no open dead letters.", "처리하지 못한 메시지가 없습니다.";
    EDIT: "Edit", "수정";
    EDIT_SAYS: "Replaces the payload. The letter keeps the one before.", "내용을 바꿉니다. 이전 내용은 기록에 남습니다.";
    PAYLOAD: "Payload", "내용";
    RESEND: "Resend", "다시 보내기";
    RESEND_SAYS: "Delivers the event to its group once more.", "이 그룹에 이벤트를 한 번 더 전달합니다.";
    DROP: "Drop", "폐기";
    DROP_SAYS: "Closes the letter. Its group never handles the event.", "메시지를 닫습니다. 그룹은 이 이벤트를 처리하지 않습니다.";

    // Payments.
    NO_STUCK_PAYMENTS: "No refund is stuck.", "멈춘 환불이 없습니다.";

    // The audit.
    RUN_AUDIT: "Run the audit", "감사 실행";
    AUDIT_SAYS: "Reads one snapshot of the store and checks every law on it. Changes nothing.", "저장소의 한 시점을 읽어 모든 법칙을 검사합니다. 아무것도 바꾸지 않습니다.";
    LAW: "Law", "법칙";
    CHECKED: "Checked", "검사";
    VIOLATIONS: "Violations", "위반";
    ALL_HOLDS: "Everything adds up.", "모든 수치가 일치합니다.";
    NOT_ALL_HOLDS: "Violations: {0}", "위반 {0}건";
    REPAIR: "Repair", "복구";
    WOULD_REPAIR: "A repair would do this. Figures are computed again from the facts, which are never changed.", "복구하면 다음과 같이 바뀝니다. 사실은 바꾸지 않고 수치만 다시 계산합니다.";
    REPAIR_SAYS: "Audits again, makes the repairs that are then needed, and audits once more.", "다시 감사해 필요한 항목을 복구하고 한 번 더 감사합니다.";
    NO_REPAIR: "Nothing of this can be computed again.", "다시 계산해 복구할 수 있는 항목이 없습니다.";
    LAWS_SAY: "What to do is said by each law.", "조치 방법은 각 법칙의 설명에 있습니다.";
    AND_MORE: "and {0} more", "외 {0}건";

    // Filters.
    PRODUCT: "Product no.", "상품 번호";
    CAMPAIGN: "Campaign no.", "캠페인 번호";
    FROM: "From (UTC)", "시작(UTC)";
    TO: "Before (UTC)", "끝(UTC)";
    EVERYTHING: "Everything", "전체";
    FILTER_UNKNOWN: "One of these filters is not understood.", "이해할 수 없는 조건이 있습니다.";

    // Events.
    EVENTS: "Events", "이벤트";
    NO_EVENTS: "No event matches.", "조건에 맞는 이벤트가 없습니다.";
    TOPIC: "Topic", "토픽";
    AT: "At", "일시";

    // People and keys.
    PEOPLE: "People and keys", "사람과 키";
    STAFF: "People who run the shop", "상점을 운영하는 사람";
    EMAIL: "E-mail address", "이메일 주소";
    PERSON_NAME: "Name", "이름";
    ROLE: "Role", "역할";
    ROLE_VIEWER: "viewer: reads", "viewer: 조회";
    ROLE_OPERATOR: "operator: daily work", "operator: 일상 업무";
    ROLE_ADMIN: "admin: everything", "admin: 모든 권한";
    ROLE_NONE: "customer: no rights here", "customer: 관리 권한 없음";
    INVITE: "Invite a person", "사람 초대";
    INVITE_SAYS: "Registers the person with a first password, which is shown once. They change it after logging in.", "첫 비밀번호와 함께 가입시킵니다. 비밀번호는 한 번만 표시되며, 로그인한 뒤 변경합니다.";
    GIVE_ROLE: "Change the role", "역할 변경";
    GIVE_ROLE_SAYS: "The role counts from the next request on.", "다음 요청부터 적용됩니다.";
    API_KEYS: "API keys", "API 키";
    NO_API_KEYS: "There is no API key.", "API 키가 없습니다.";
    KEY_NAME: "Name of the program", "프로그램 이름";
    SCOPES: "Scopes", "권한";
    SCOPES_HINT: "Scopes, with commas between them", "권한(쉼표로 구분)";
    CREATE_KEY: "Create an API key", "API 키 만들기";
    CREATE_KEY_SAYS: "A program sends the key as its bearer token. The key is shown once; only its hash is stored.", "프로그램이 Bearer 토큰으로 보내는 키입니다. 키는 한 번만 표시되고 해시만 저장됩니다.";
    SHOWN_ONCE: "Shown only now:", "지금만 표시됩니다:";
    LAST_USED: "Last used", "마지막 사용";
    NEVER: "never", "사용한 적 없음";
    REVOKE: "Revoke", "폐기";
    REVOKE_SAYS: "The key is refused from the next request on, for good.", "다음 요청부터 이 키를 영구히 거절합니다.";
    REVOKED: "revoked", "폐기됨";

    // The trail.
    TRAIL: "Trail", "작업 기록";
    NO_TRAIL: "No entry matches.", "조건에 맞는 작업이 없습니다.";
    ACTION: "Action", "작업";
    SUBJECT: "Subject", "대상";
    SUBJECT_HINT: "Subject (orders/ORD-…)", "대상 (orders/ORD-…)";
    ACTED: "User", "작업자";
    ACTED_HINT: "User no.", "회원 번호";
    BY_KEY: "API key {0}", "API 키 {0}";
    CHANGE: "Request", "요청 내용";

    // Modes and participants.
    MODES: "Modes and services", "처리 방식과 참여 서비스";
    GRADUAL_PERCENT: "Percent in parallel (gradual)", "병렬 처리 비율(gradual)";
    CHANGE_MODE: "Change the mode", "처리 방식 바꾸기";
    CHANGE_MODE_SAYS: "Applies to orders that are decided from now on, in all processes.", "지금부터 결정되는 모든 프로세스의 주문에 적용됩니다.";
    CHANGES: "Changes", "변경 내역";
    NO_CHANGES: "The mode is as configured.", "설정된 처리 방식 그대로입니다.";
    BY: "By", "변경한 사람";
    MADE_BY: "Created by", "만든 사람";
    BY_RULE: "the canary rule", "카나리 규칙";
    PARTICIPANTS: "Participants", "참여 서비스";
    PARTICIPANTS_HERE: "As this process sees them; a switch applies to this process until it ends.", "이 프로세스 기준이며, 변경은 이 프로세스가 끝날 때까지 적용됩니다.";
    WORKING: "Working", "정상";
    FAILING: "Failing: not called for a while", "장애: 잠시 호출하지 않음";
    TRIED_AGAIN: "Being tried again", "복구 확인 중";
    OUT_OF_SERVICE: "Out of service", "서비스에서 제외됨";
    TAKE_OUT: "Take out of service", "서비스에서 제외";
    TAKE_OUT_SAYS: "Every call fails, as in an outage. Orders wait, up to their deadline.", "장애처럼 모든 호출이 실패합니다. 주문은 기한까지 기다립니다.";
    TAKE_BACK: "Put back into service", "서비스에 복귀";
    TAKE_BACK_SAYS: "Calls reach the participant again.", "다시 호출을 받습니다.";

    // Webhooks.
    WEBHOOKS: "Webhooks", "웹훅";
    NO_WEBHOOKS: "No other system gets webhooks yet.", "아직 웹훅을 받는 시스템이 없습니다.";
    ADDRESS: "Address", "주소";
    DESCRIPTION: "Description", "설명";
    EVENT_TYPES: "Event types", "이벤트 종류";
    EVENT_TYPES_HINT: "Event types, with commas between them (all, if empty)", "이벤트 종류(쉼표로 구분, 비우면 전체)";
    RATE: "At most so many per second", "초당 최대 전송 수";
    ADD_WEBHOOK: "Add an endpoint", "엔드포인트 추가";
    ADD_WEBHOOK_SAYS: "Events from now on are sent to this address. Its secret is at GET …/secret.", "지금부터의 이벤트를 이 주소로 보냅니다. 비밀 키는 GET …/secret에서 확인합니다.";
    DELIVERIES: "Deliveries", "전송 내역";
    NO_DELIVERIES: "No delivery matches.", "조건에 맞는 전송 내역이 없습니다.";
    NO_ATTEMPTS: "It was not attempted yet.", "아직 전송하지 않았습니다.";
    ANSWER: "Answer", "응답";
    NEXT_ATTEMPT: "Next attempt", "다음 시도";
    FROM_MOMENT: "From", "시작 일시";
    TEST: "Send a test", "테스트 전송";
    TEST_SAYS: "Sends webhook.test to this endpoint only.", "이 엔드포인트에만 webhook.test를 보냅니다.";
    RECOVER: "Recover", "복구";
    RECOVER_SAYS: "Sends again what became a dead letter since then.", "그때부터 실패로 끝난 전송을 다시 보냅니다.";
    REPLAY: "Replay", "재전송";
    REPLAY_SAYS: "Sends every matching event since then, also those that were delivered, under the same ids.", "그때부터의 모든 해당 이벤트를, 이미 전송된 것도 같은 ID로 다시 보냅니다.";
    DISABLE: "Disable", "사용 중지";
    DISABLE_SAYS: "Events from now on are not sent to it.", "지금부터의 이벤트를 보내지 않습니다.";
    ENABLE: "Enable", "사용";
    ENABLE_SAYS: "Events from now on are sent to it.", "지금부터의 이벤트를 보냅니다.";
    REMOVE: "Remove", "삭제";
    REMOVE_SAYS: "Its deliveries stop. This cannot be undone.", "전송을 멈춥니다. 되돌릴 수 없습니다.";
    RESEND_WEBHOOK_SAYS: "Sends the event to this endpoint once more, under the same id.", "이 엔드포인트에 같은 ID로 이벤트를 한 번 더 보냅니다.";
}
