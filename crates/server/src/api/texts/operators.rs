//! The `detail` of problems that operators get.

texts! {
    ORDER_NOT_STUCK: "Only an order whose compensation is stuck can be resumed.", "보상 처리가 멈춘 주문만 다시 시도할 수 있습니다.";
    PAYMENT_NOT_STUCK:
        "Only a payment in state STUCK can be retried or resolved; read it again.",
        "STUCK 상태의 결제만 다시 시도하거나 처리할 수 있습니다. 다시 조회해 주세요.";
    PAYMENT_NOT_FOUND: "There is no payment with this id.", "이 번호의 결제가 없습니다.";
    PROVIDER_CLOSED:
        "The script of the payment provider cannot be read or written; try again.",
        "결제 공급자의 스크립트를 읽거나 저장할 수 없습니다. 다시 시도해 주세요.";
    PROVIDER_OF_SHOP: "The payment provider of this shop is {0}.", "이 상점의 결제는 {0}에서 처리합니다.";
    CALLBACK_FORGED: "The signature was not made with a known secret.", "등록된 비밀 키로 만든 서명이 아닙니다.";
    CALLBACK_STALE:
        "The signature is older than five minutes, or its time is in the future.",
        "서명이 5분보다 오래되었거나 서명 시각이 미래입니다.";
    CALLBACK_UNREADABLE: "the signature is valid, but the body is not a readable event", "서명은 맞지만 읽을 수 있는 이벤트가 아닙니다";
    NOT_SCRIPTED:
        "Only the built-in scripted provider accepts a script.",
        "내장된 모의 결제 공급자만 동작을 지정할 수 있습니다.";
    LETTER_NOT_FOUND: "There is no dead letter with this number.", "이 번호의 데드 레터가 없습니다.";
    LETTER_CLOSED:
        "The dead letter was handled or dropped, or is being retried; read it again.",
        "이미 처리되거나 폐기되었거나 지금 다시 시도되고 있습니다. 다시 조회해 주세요.";
    LETTER_AWAITED:
        "A payment or an order waits for this event, and would wait for ever. Send the letter again instead.",
        "이 이벤트를 기다리는 결제나 주문이 있어 폐기하면 처리가 끝나지 않습니다. 폐기하지 말고 다시 보내 주세요.";
    LETTER_UNREADABLE: "it must be an event of the letter's type: {0}", "데드 레터와 같은 종류의 이벤트여야 합니다: {0}";
    LETTER_NOT_EDITABLE:
        "it cannot be edited: {0} makes a notification from the store's own event at every attempt, so an edit would have no effect",
        "수정할 수 없습니다. {0} 그룹은 시도할 때마다 저장소의 원래 이벤트로 알림을 만들므로 수정해도 반영되지 않습니다";
    LETTER_HOPELESS:
        "it cannot be edited: the event contradicts the store, so it is never handled; drop the letter",
        "수정할 수 없습니다. 저장소와 모순되는 이벤트여서 수정해도 처리되지 않으므로 폐기해 주세요";
    GROUP_NOT_FOUND: "There is no consumer group with this name.", "이 이름의 컨슈머 그룹이 없습니다.";
    GROUP_INLINE:
        "Reactions run inline, in the commit of their event, so consumer groups have no offsets.",
        "반응이 커밋 안에서 바로 실행되므로 컨슈머 그룹의 위치가 없습니다.";
    GROUP_TRAILING:
        "The group follows the store's own events after their commit. Its figures are exact because it digests each event once, so it is not moved by hand.",
        "커밋된 이벤트를 뒤따라 집계하는 그룹입니다. 이벤트마다 한 번만 집계해야 수치가 정확하므로 직접 옮길 수 없습니다.";
    GROUP_MOVED:
        "The group has moved since its offsets were read; nothing was changed. Try again.",
        "조회하신 뒤에 그룹이 진행되어 옮기지 않았습니다. 다시 시도해 주세요.";
    GROUP_PARTITION_UNKNOWN: "the group does not read this partition", "그룹이 읽지 않는 파티션입니다";
    GROUP_OFFSET_AMBIGUOUS: "an offset applies to one partition: name the topic and the partition", "오프셋은 한 파티션의 값입니다. 토픽과 파티션을 지정해 주세요";
    GROUP_OFFSET_OUTSIDE:
        "{0} {1} has offsets from {2} to {3}", "{0} {1}에는 {2}부터 {3}까지의 오프셋이 있습니다";
    GROUP_NOTHING_COMMITTED:
        "this log has no broker tools that could set an offset: name an offset or a time",
        "브로커 도구로 지정할 수 있는 로그가 아닙니다. 오프셋이나 시각을 지정해 주세요";
    TOPIC_UNKNOWN: "there is no such topic", "해당 토픽이 없습니다";
    TARGET_ONE_OF: "must have exactly one of toOffset, toTime and toCommitted: true", "toOffset, toTime, toCommitted: true 중 하나만 지정해 주세요";
    AUDIT_FAILED: "The audit could not be completed; the cause is in the log.", "감사를 끝내지 못했습니다. 원인은 로그에 남아 있습니다.";
    HISTORY_ARCHIVED:
        "Events from before {0} are in the files of the archive; this history needs them.",
        "{0} 이전의 이벤트는 보관 파일로 옮겨졌습니다. 이 이력에는 그 이벤트가 필요합니다.";
    EVENT_ARCHIVED:
        "The event of this delivery is in the files of the archive, so it cannot be sent again.",
        "이 전송의 이벤트는 보관 파일로 옮겨져 다시 보낼 수 없습니다.";
    EVENTS_ARCHIVED:
        "The events of these {0} dead letters are in the files of the archive, so they cannot be sent again.",
        "이 데드 레터 {0}건의 이벤트는 보관 파일로 옮겨져 다시 보낼 수 없습니다.";
    ARCHIVE_UNCLEAN:
        "The audit has found {0} violations. Only events that were audited without one are archived.",
        "감사에서 위반이 {0}건 발견되었습니다. 위반이 없을 때만 이벤트를 보관할 수 있습니다.";
    ARCHIVE_NEEDED:
        "Events since {0} are still needed, because of {1}.",
        "{0} 이후의 이벤트가 아직 필요합니다. 원인: {1}.";
    ARCHIVE_UNWRITTEN:
        "The files of the archive could not be written; the cause is in the log. No event was removed.",
        "보관 파일을 쓰지 못했습니다. 원인은 로그에 남아 있습니다. 삭제된 이벤트는 없습니다.";
    LOG_LEVEL: "This must be error, warn, info, debug, trace or off, or a filter such as info,server=debug.", "error, warn, info, debug, trace, off 중 하나이거나 info,server=debug와 같은 필터여야 합니다.";
    STOPPING: "The shop is stopping.", "상점이 종료되고 있습니다.";
    FAILED_FOR_GOOD:
        "The process can no longer do its work; see the log, and restart the process.",
        "프로세스가 더 이상 작업할 수 없습니다. 로그를 확인하고 다시 시작해 주세요.";
    NO_WRITES:
        "The store accepts no writes at the moment; see the log. It is tried again every second.",
        "지금은 저장소에 기록할 수 없습니다. 로그를 확인해 주세요. 1초마다 다시 시도합니다.";
    ENGINE_STOPPED: "The engine has stopped; see the log.", "엔진이 멈췄습니다. 로그를 확인해 주세요.";
    SERVICE_UNKNOWN: "must be stockService or couponService", "stockService 또는 couponService여야 합니다";
    SCRIPT_UNKNOWN: "must be a script of the payment provider", "결제 공급자가 아는 스크립트여야 합니다";
    OPERATION_UNKNOWN: "must be an operation of the payment provider", "결제 공급자가 아는 동작이어야 합니다";
    TIMES: "must be at least 1, or be absent", "1 이상이거나 비어 있어야 합니다";
    DROP_PRODUCTS: "a drop has 1 to {0} products", "드롭에는 상품이 1개 이상 {0}개 이하로 있어야 합니다";
    DROP_PRODUCT_REPEATED: "names a product that is named before", "앞에서 이미 지정한 상품입니다";
    DROP_NOT_ENDED:
        "The drop has not ended, so its products belong to it. End it first: set endsAt to a moment that has passed.",
        "아직 종료되지 않은 드롭이라 상품을 해제할 수 없습니다. endsAt을 지난 시각으로 바꾸어 먼저 종료해 주세요.";
    DROP_PRODUCT_TAKEN:
        "The product belongs to a drop that has not ended. End that drop first, or leave the product out.",
        "아직 종료되지 않은 다른 드롭에 속한 상품입니다. 먼저 그 드롭을 종료하거나 상품을 제외해 주세요.";
    WEBHOOK_NOT_FOUND: "There is no webhook with this number.", "이 번호의 웹훅이 없습니다.";
    WEBHOOK_DELIVERY_NOT_FOUND: "The webhook has no delivery with this id.", "이 번호의 웹훅 전송 내역이 없습니다.";
    WEBHOOK_URL: "must be an address such as https://example.com/hooks", "https://example.com/hooks와 같은 주소여야 합니다";
    WEBHOOK_URL_NOT_HTTPS: "must begin with https://", "https://로 시작해야 합니다";
    WEBHOOK_URL_CREDENTIALS: "must not contain a user name or password", "사용자 이름이나 비밀번호를 포함할 수 없습니다";
    WEBHOOK_URL_FRAGMENT: "must not contain a fragment (#…)", "프래그먼트(#…)를 포함할 수 없습니다";
    WEBHOOK_URL_PRIVATE:
        "must be a public address; addresses of the own network need webhooks.allow_private",
        "공개된 주소여야 합니다. 내부망 주소를 쓰려면 webhooks.allow_private 설정이 필요합니다";
    WEBHOOK_SECRET: "must be whsec_ and the base 64 of 24 to 64 bytes", "whsec_ 다음에 24~64바이트를 base64로 인코딩한 값이어야 합니다";
    WEBHOOK_SECRET_UNREADABLE:
        "The secret is encrypted with the key {0}, which this process does not have. Add the key to DOORBUSTER_WEBHOOK_SECRET_KEYS, or rotate the secret.",
        "키 {0}(으)로 암호화된 비밀 키인데, 이 프로세스에 그 키가 없습니다. DOORBUSTER_WEBHOOK_SECRET_KEYS에 키를 추가하거나 비밀 키를 새로 발급해 주세요.";
}
