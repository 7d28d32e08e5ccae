//! Texts of the storefront's pages.

texts! {
    // The frame of every page.
    SHOP: "Shop", "상품";
    DROPS: "Drops", "드롭";
    COUPONS: "Coupons", "쿠폰";
    ORDERS: "Orders", "주문";
    ACCOUNT: "Account", "내 정보";
    LOG_IN: "Log in", "로그인";
    LOG_OUT: "Log out", "로그아웃";
    DASHBOARD: "Dashboard", "대시보드";
    SKIP: "Skip to content", "본문으로 건너뛰기";
    MAIN_MENU: "Main menu", "주 메뉴";
    SEARCH: "Search", "검색";
    API_REFERENCE: "API reference", "API 문서";
    FOOTER: "First come, first served, and it adds up.", "먼저 온 순서대로, 한 치의 오차도 없이.";

    // Amounts and counts.
    AT_MOST: "at most {0}", "최대 {0}";
    LEFT: "{0} left", "{0}개 남음";
    LEFT_UNIT: "left", "개 남음";
    SOLD_OUT: "Sold out", "품절";
    OFF_SALE: "Not on sale", "판매 중지";

    // The catalogue.
    HOME_TITLE: "Everything there is", "모든 상품";
    HOME_LEAD:
        "The counts are live. The first order gets the units, and a result that you were told is never taken back.",
        "지금 이 순간 남아 있는 수량입니다. 먼저 주문한 분이 먼저 받으며, 한 번 알려 드린 결과는 바뀌지 않습니다.";
    NO_PRODUCTS: "There is nothing for sale yet.", "아직 판매 중인 상품이 없습니다.";
    NO_PRODUCTS_HINT:
        "An administrator adds products with POST /api/admin/products. “doorbuster serve --demo” starts a shop with everything in it.",
        "관리자가 POST /api/admin/products로 상품을 등록할 수 있습니다. “doorbuster serve --demo”로 시작하면 예시 상품이 준비됩니다.";
    MORE_PRODUCTS: "More products", "상품 더 보기";
    BEST_SELLERS: "Best sellers, last 3 days", "최근 3일 인기 상품";
    SOLD: "{0} sold", "{0}개 판매";
    NOW_ON: "On now", "진행 중";
    STARTS_SOON: "Starts soon", "곧 시작";
    SEE_COUPONS: "See all coupons", "쿠폰 모두 보기";
    COUPONS_LEFT: "coupons left", "장 남음";
    BUY: "Buy now", "바로 구매";
    QUANTITY: "Quantity", "수량";
    IN_A_DROP: "Sold in a drop", "드롭에서 판매합니다";
    SKU: "SKU", "상품 코드(SKU)";
    EXTERNAL_ID: "External ID", "외부 상품 ID";
    YES: "yes", "예";
    NO: "no", "아니요";

    // Drops.
    NO_DROPS: "No drop has been announced yet.", "예정된 드롭이 없습니다.";
    LIMIT_EACH: "at most {0} per customer", "1인당 최대 {0}개";
    LIMIT_ALL: "At most {0} per customer over all products.", "모든 상품을 합해 1인당 최대 {0}개까지 구매할 수 있습니다.";
    LIMIT_CARD: "At most {0} per card or account.", "카드나 계좌 하나로 최대 {0}개까지 결제할 수 있습니다.";
    WAITING_ROOM: "Waiting room", "대기열";
    QUEUE_SAYS: "Customers are admitted in turn. Your place is kept if you close this page.", "순서대로 입장합니다. 페이지를 닫아도 순서가 유지됩니다.";
    JOIN_QUEUE: "Join the queue", "대기열 참여";
    LEAVE_QUEUE: "Give my place up", "대기 취소";
    AHEAD: "customers are ahead of you", "명이 앞에 있습니다";
    DRAWN_LATER: "The places are drawn when the drop opens.", "순서는 드롭이 시작될 때 추첨합니다.";
    ABOUT_SECONDS: "About {0} seconds", "약 {0}초";
    NO_ADMISSION: "Nobody is admitted at the moment. Your place is kept.", "지금은 입장이 멈춰 있습니다. 순서는 그대로 유지됩니다.";
    HOLD_STOPPED: "It is your turn, but nothing is sold at the moment. Your time to order continues when the sale does.", "차례가 되었지만 지금은 판매가 멈춰 있습니다. 판매가 다시 시작되면 주문 가능한 시간도 이어서 계산됩니다.";
    YOUR_TURN: "It is your turn. Time left to order:", "차례가 되었습니다. 주문 가능한 시간:";
    TURN_OVER: "Your time to order is over.", "주문 가능한 시간이 지났습니다.";
    JOIN_FIRST: "You need a place in the waiting room to order this. Join the queue; when it is your turn, you can order.", "대기열이 있는 드롭의 상품입니다. 먼저 대기열에 참여하시면 차례가 되었을 때 주문할 수 있습니다.";
    NOT_YET: "You are in the queue, but it is not your turn yet.", "대기열에 참여 중이며, 아직 차례가 되지 않았습니다.";
    TO_WAITING_ROOM: "To the waiting room", "대기열로 가기";
    QUEUE_SOLD_OUT: "Everything was sold before your turn.", "차례가 되기 전에 모두 판매되었습니다.";
    PROOF: "Proof", "증명";
    PROOF_SAYS: "Every join, admission and order is an entry of a chain. Your browser can check that none was added, removed or moved.", "모든 대기, 입장, 주문이 체인으로 기록됩니다. 추가, 삭제, 순서 변경이 없었는지 브라우저에서 확인할 수 있습니다.";
    VERIFY: "Check it here", "여기서 확인";
    VERIFIED: "All {0} entries fit together.", "기록 {0}개가 모두 일치합니다.";
    NOT_VERIFIED: "The entries do not fit together.", "기록이 일치하지 않습니다.";
    DROP_RECEIPT: "Receipt of the drop", "드롭 영수증";
    PRODUCT_NUMBER: "Product {0}", "상품 번호 {0}";
    LIVE_STOCK: "In stock now", "현재 재고";
    STOCK_NOTE:
        "An order reserves your units for 10 minutes while you pay. Until you order, anybody may take them.",
        "주문하시면 결제하시는 동안 10분간 수량이 확보됩니다. 주문 전에는 다른 고객이 먼저 구매할 수 있습니다.";

    // Coupons.
    COUPONS_TITLE: "Coupons", "쿠폰";
    COUPONS_LEAD:
        "Each campaign has a fixed number of coupons. They are numbered in the order in which requests were decided.",
        "쿠폰마다 정해진 수량이 있습니다. 처리된 순서대로 번호가 매겨집니다.";
    NO_CAMPAIGNS: "There are no coupons at the moment.", "지금 받을 수 있는 쿠폰이 없습니다.";
    GET_COUPON: "Get coupon", "쿠폰 받기";
    ISSUED_OF: "{0} of {1} left", "{1}장 중 {0}장 남음";
    STARTS_IN: "Starts in", "시작까지";
    ENDS_IN: "Ends in", "종료까지";
    STARTS_ON: "Starts", "시작";
    ENDS_ON: "Ends", "종료";
    YOURS: "It is yours: number {0} of {1}.", "받으셨습니다. {1}장 중 {0}번째입니다.";
    ENDED: "Ended", "종료됨";
    PAUSED: "Paused", "일시 중지";
    ALL_TAKEN: "All taken", "모두 소진";
    PER_PERSON: "{0} per person", "1인당 {0}장";
    USE_UNTIL: "Use until {0}", "{0}까지 사용 가능";
    LOG_IN_FIRST: "Log in to get it", "로그인하고 받기";

    // The account.
    LOG_IN_TITLE: "Log in", "로그인";
    REGISTER_TITLE: "Create an account", "회원 가입";
    LOG_IN_WITH: "Log in with {0}", "{0}(으)로 로그인";
    OR_PASSWORD: "or with a password", "또는 비밀번호로";
    LOGGED_IN: "You are logged in", "로그인되었습니다";
    CONTINUE: "Continue", "계속하기";
    NOT_LOGGED_IN: "You are not logged in", "로그인되지 않았습니다";
    PROVIDER_REFUSED: "The login was cancelled, took longer than ten minutes, or was refused. Please try again.", "로그인이 취소되었거나, 10분이 지났거나, 거부되었습니다. 다시 시도해 주세요.";
    PROVIDER_DOWN: "The login service does not answer. Please try again in a moment.", "로그인 서비스가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.";
    EMAIL: "E-mail address", "이메일 주소";
    PASSWORD: "Password", "비밀번호";
    PASSWORD_HINT: "At least 8 characters", "8자 이상";
    NAME: "Name", "이름";
    NEW_HERE: "New here?", "처음이신가요?";
    HAVE_ACCOUNT: "Already registered?", "이미 가입하셨나요?";
    NEEDS_SCRIPTS: "This form needs JavaScript.", "이 양식은 자바스크립트가 필요합니다.";
    HELLO: "Hello, {0}", "{0}님, 안녕하세요";
    MY_POINTS: "Points", "포인트";
    MY_COUPONS: "My coupons", "내 쿠폰";
    MY_ORDERS: "My orders", "내 주문";
    POINTS_HISTORY: "Points history", "포인트 내역";
    NO_ORDERS: "You have not ordered anything yet.", "아직 주문하신 내역이 없습니다.";
    NO_COUPONS: "You have no coupons yet.", "아직 받으신 쿠폰이 없습니다.";
    NO_POINTS: "Nothing has happened on your points account yet.", "아직 포인트 내역이 없습니다.";
    COUPON_ACTIVE: "Ready to use", "사용 가능";
    COUPON_USED: "Used", "사용 완료";
    COUPON_EXPIRED: "Expired", "기간 만료";
    NUMBER_OF: "No. {0}", "{0}번";
    WHEN: "When", "일시";
    WHAT: "What", "내용";
    AMOUNT: "Amount", "금액";
    BALANCE: "Balance", "잔액";
    STATUS: "Status", "상태";
    ORDER: "Order", "주문 번호";

    // Points entries.
    POINTS_CHARGED: "Charged", "충전";
    POINTS_USED: "Used for an order", "주문에 사용";
    POINTS_RESTORED: "Restored", "반환";

    // Checkout.
    CHECKOUT_TITLE: "Checkout", "주문하기";
    NOTHING_CHOSEN: "Choose a product first.", "먼저 상품을 선택해 주세요.";
    WHICH_COUPON: "Coupon", "쿠폰";
    WITHOUT_COUPON: "No coupon", "쿠폰 사용 안 함";
    USE_POINTS: "Points to use", "사용할 포인트";
    POINTS_HINT: "You have {0} points. One point is worth {1:amount}.", "보유 포인트 {0}점. 1포인트는 {1:amount}입니다.";
    RECEIVER: "Deliver to", "받으실 분";
    RECEIVER_NAME: "Name", "이름";
    RECEIVER_PHONE: "Phone", "연락처";
    RECEIVER_ADDRESS: "Address", "주소";
    RECEIVER_ZIP: "Postal code", "우편번호";
    HOW_TO_PAY: "How to pay", "결제 방법";
    PAY_NOW: "Pay now", "지금 결제";
    PAY_ON_DELIVERY: "Pay on delivery", "착불 결제";
    PLACE_ORDER: "Place order", "주문하기";
    ITEMS_TOTAL: "Items", "상품 금액";
    COUPON_DISCOUNT: "Coupon", "쿠폰 할인";
    POINTS_DISCOUNT: "Points", "포인트 사용";
    TO_PAY: "Payment amount", "결제 금액";
    REFUNDED: "Refunded", "환불";

    // An order.
    ORDER_TITLE: "Order {0}", "주문 {0}";
    PLACED_AT: "Placed {0}", "{0} 주문";
    PROGRESS: "Progress", "진행 상황";
    STEP_STOCK: "Goods reserved", "상품 확보";
    STEP_COUPON: "Coupon applied", "쿠폰 적용";
    STEP_POINTS: "Points deducted", "포인트 차감";
    STEP_PAYMENT: "Payment", "결제";
    STEP_SHIPMENT: "Shipment", "배송";
    PAY: "Pay {0}", "{0} 결제하기";
    PAY_BEFORE: "Pay within", "결제 기한까지";
    CANCEL: "Cancel order", "주문 취소";
    REFUND: "Return for a refund", "반품하고 환불받기";
    TRACKING: "Tracking number {0}", "운송장 번호 {0}";
    SURE_CANCEL: "Cancel this order?", "이 주문을 취소하시겠습니까?";
    SURE_REFUND: "Return the whole order for a refund?", "주문 전체를 반품하고 환불받으시겠습니까?";

    // Not found.
    NOTHING_HERE: "There is nothing here", "페이지를 찾을 수 없습니다";
    NOTHING_HERE_HINT: "The address may be wrong, or it belongs to another account.", "주소가 잘못되었거나 다른 계정의 페이지일 수 있습니다.";
    BACK_TO_SHOP: "Back to the shop", "상품 보러 가기";

    // The page of the payment provider inside the binary.
    ACTION_PROVIDER: "Test bank · 3-D Secure", "테스트 은행 · 3D 보안 인증";
    ACTION_TITLE: "Confirm your payment", "결제 확인";
    ACTION_ASKS: "Doorbuster asks for {0} for order {1}.", "Doorbuster가 주문 {1}의 결제 금액 {0}을(를) 요청했습니다.";
    ACTION_UNTIL: "Please decide before {0}.", "{0}까지 선택해 주세요.";
    ACTION_APPROVE: "Approve", "승인";
    ACTION_DECLINE: "Decline", "거절";
    ACTION_NO_MONEY: "This bank is part of the shop, for tests and demonstrations. No money moves.", "테스트와 시연을 위해 상점에 포함된 은행이며, 실제로 결제되지 않습니다.";
    ACTION_OVER: "This payment does not wait for you any more.", "더 이상 확인이 필요하지 않은 결제입니다.";
    ACTION_BACK: "Back to the shop", "상점으로 돌아가기";
    ACTION_NEEDED: "Your bank asks you to confirm this payment.", "은행에서 결제 확인을 요청했습니다.";
    ACTION_CONTINUE: "Confirm at your bank", "은행에서 확인하기";
    PAYMENT_REFUSED: "Your last payment was declined ({0}). You can pay again.", "마지막 결제가 거절되었습니다({0}). 다시 결제하실 수 있습니다.";
    PAYMENT_PENDING: "The payment is being processed.", "결제를 처리하고 있습니다.";
}
