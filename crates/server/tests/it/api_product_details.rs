//! What a product is called elsewhere and how it is shown: in requests, answers, lists, events, history and on pages.

use serde_json::{Value, json};

use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const PRODUCTS: &str = "/api/admin/products";

/// Runs a test on the embedded store under both executors, and on the shared one.
fn on_both_stores(check: impl Fn(&TestShop)) {
    check(&TestShop::start());
    check(&TestShop::start_with_log());
    let Some(database) = Database::new("details_of_products_are_the_same_on_the_shared_store") else { return };
    check(&database.shop());
}

fn register(shop: &TestShop, name: &str, more: &Value) -> crate::client::Answer {
    let mut body = json!({"name": name, "price": 1_000, "stock": 5});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.post(ADMIN, PRODUCTS, &body)
}

fn id(product: &Value) -> i64 {
    product["productId"].as_i64().unwrap()
}

fn listed(shop: &TestShop, query: &str) -> Vec<i64> {
    let page = shop.get(ADMIN, &format!("{PRODUCTS}?{query}")).expect(200);
    page["data"].as_array().unwrap().iter().map(id).collect()
}

fn full() -> Value {
    json!({
        "sku": "SNK-270", "externalId": "erp/77", "description": "White.\nNumbered.",
        "imageUrl": "https://images.example.com/snk.png", "attributes": {"size": 270, "색": "흰색", "tags": ["a", "b"]},
    })
}

#[test]
fn details_are_kept_shown_and_changed() {
    on_both_stores(|shop| {
        let registered = register(shop, "Sneaker", &full()).expect(201);
        let product = id(&registered);
        let path = format!("{PRODUCTS}/{product}");
        for shown in [
            registered,
            shop.get(ADMIN, &path).expect(200),
            shop.get(ANN, &format!("/api/products/{product}")).expect(200),
            shop.get(ANN, "/api/products").expect(200)["data"][0].clone(),
            shop.get(ADMIN, PRODUCTS).expect(200)["data"][0].clone(),
        ] {
            for (name, value) in full().as_object().unwrap() {
                assert_eq!(&shown[name], value, "{name} of {shown}");
            }
            assert_eq!(shown["currency"], "KRW");
        }
        let before = shop.get(ADMIN, &path).expect(200);
        let changed =
            shop.patch(ADMIN, &path, &json!({"sku": "SNK-280", "description": null, "price": 2_000})).expect(200);
        assert_eq!((&changed["sku"], &changed["price"]), (&json!("SNK-280"), &json!(2_000)));
        assert_eq!((changed.get("description"), &changed["externalId"]), (None, &json!("erp/77")));
        assert_eq!(shop.get(ADMIN, &path).expect(200), changed);
        assert_ne!(before, changed);
        let history = shop.get(ADMIN, &format!("{path}/history")).expect(200);
        assert_eq!(history["state"], changed, "what was read follows from the events");
        let told: Vec<&str> =
            history["events"].as_array().unwrap().iter().filter_map(|event| event["type"].as_str()).collect();
        assert!(told.contains(&"ProductDescribed"), "{told:?}");
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        assert_eq!(shop.get(ADMIN, &path).expect(200)["reserved"], 1);
    });
}

#[test]
fn a_sku_belongs_to_one_product() {
    on_both_stores(|shop| {
        let first = id(&register(shop, "First", &json!({"sku": "A", "externalId": "1"})).expect(201));
        // The two names are apart: the same text may be both.
        let second = id(&register(shop, "Second", &json!({"sku": "1", "externalId": "A"})).expect(201));
        let taken = |answer: crate::client::Answer, pointer: &str| {
            assert_eq!(answer.complaint(409), ("product.duplicate".to_owned(), pointer.to_owned()));
        };
        taken(register(shop, "Third", &json!({"sku": "A"})), "#/sku");
        taken(register(shop, "Third", &json!({"externalId": "A"})), "#/externalId");
        let path = format!("{PRODUCTS}/{second}");
        taken(shop.patch(ADMIN, &path, &json!({"sku": "A", "price": 5})), "#/sku");
        let unchanged = shop.get(ADMIN, &path).expect(200);
        assert_eq!((&unchanged["sku"], &unchanged["price"]), (&json!("1"), &json!(1_000)), "nothing of it was done");
        assert_eq!(listed(shop, "q=third"), Vec::<i64>::new());
        shop.patch(ADMIN, &format!("{PRODUCTS}/{first}"), &json!({"sku": null})).expect(200);
        shop.patch(ADMIN, &path, &json!({"sku": "A"})).expect(200);
        // A value that was left is free for everybody.
        register(shop, "Fourth", &json!({"sku": "1"})).expect(201);
        assert_eq!(listed(shop, "sku=A"), [second]);
    });
}

#[test]
fn one_of_many_at_once_gets_the_sku() {
    on_both_stores(|shop| {
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|number| scope.spawn(move || register(shop, &format!("P{number}"), &json!({"sku": "ONE"})).status))
                .collect();
            tries.into_iter().map(|each| each.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 409).count(), 7, "{answers:?}");
        assert_eq!(listed(shop, "sku=ONE").len(), 1);
    });
}

#[test]
fn products_and_campaigns_are_searched() {
    on_both_stores(|shop| {
        let lamp = id(&register(shop, "Desk 100% Lamp", &json!({"sku": "LMP-1", "externalId": "e1"})).expect(201));
        let mug = id(&register(shop, "머그_컵", &json!({"sku": "MUG-1"})).expect(201));
        let gone = id(&register(shop, "Gone", &json!({"stock": 0})).expect(201));
        assert_eq!(listed(shop, ""), [lamp, mug, gone]);
        assert_eq!(listed(shop, "q=lamp"), [lamp]);
        assert_eq!(listed(shop, "q=mug-"), [mug]);
        assert_eq!(listed(shop, "q=%25"), [lamp], "a percent sign is no wildcard");
        assert_eq!(listed(shop, "q=_"), [mug], "nor is an underscore");
        assert_eq!(listed(shop, "q=%27%5C"), Vec::<i64>::new());
        assert_eq!(listed(shop, "sku=LMP-1&externalId=e1"), [lamp]);
        assert_eq!(listed(shop, "sku=LMP-1&externalId=e2"), Vec::<i64>::new());
        assert_eq!(listed(shop, "status=SOLD_OUT"), [gone]);
        assert_eq!(listed(shop, "status=ON_SALE"), [lamp, mug]);
        let page = shop.get(ADMIN, &format!("{PRODUCTS}?status=ON_SALE&limit=1")).expect(200);
        let cursor = page["nextCursor"].as_str().unwrap();
        assert_eq!(listed(shop, &format!("status=ON_SALE&limit=1&cursor={cursor}")), [mug]);
        let other = shop.get(ADMIN, &format!("{PRODUCTS}?limit=1&cursor={cursor}"));
        assert_eq!(other.complaint(400).1, "cursor", "a cursor belongs to its filter");
        for (query, parameter) in
            [("q=", "q"), ("sku=%20", "sku"), ("status=GONE", "status"), ("nonsense=1", "nonsense")]
        {
            assert_eq!(shop.get(ADMIN, &format!("{PRODUCTS}?{query}")).complaint(400).1, parameter, "{query}");
        }

        let campaign = shop.campaign(7, &json!({"name": "Winter Sale"}));
        let paused = shop.campaign(3, &json!({"name": "Summer"}));
        shop.patch(ADMIN, &format!("/api/admin/coupons/{paused}"), &json!({"paused": true})).expect(200);
        shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &json!({})).expect(201);
        let found = |query: &str| shop.get(ADMIN, &format!("/api/admin/coupons?{query}")).expect(200)["data"].clone();
        let winter = found("q=winter&paused=false");
        assert_eq!(
            (&winter[0]["couponId"], &winter[0]["issued"], &winter[0]["remaining"]),
            (&json!(campaign), &json!(1), &json!(6))
        );
        assert_eq!((found("paused=true")[0]["couponId"].as_i64(), winter.as_array().unwrap().len()), (Some(paused), 1));
        assert_eq!(shop.get(ADMIN, &format!("/api/admin/coupons/{campaign}")).expect(200), winter[0]);
    });
}

#[test]
fn a_bad_value_is_named() {
    let shop = TestShop::start();
    for (body, pointer) in [
        (json!({"sku": " "}), "#/sku"),
        (json!({"externalId": "x".repeat(101)}), "#/externalId"),
        (json!({"description": "x".repeat(5_001)}), "#/description"),
        (json!({"imageUrl": "javascript:alert(1)"}), "#/imageUrl"),
        (json!({"imageUrl": "/local.png"}), "#/imageUrl"),
        (json!({"attributes": []}), "#/attributes"),
        (json!({"attributes": {"a": {"b": {"c": {"d": {}}}}}}), "#/attributes"),
        (json!({"attributes": {"a": "x".repeat(9_000)}}), "#/attributes"),
        (json!({"sku": 7}), "#/sku"),
    ] {
        assert_eq!(register(&shop, "Sneaker", &body).complaint(400).1, pointer, "{body}");
    }
    assert_eq!(listed(&shop, ""), Vec::<i64>::new());
}

#[test]
fn the_page_of_a_product_shows_picture_and_description() {
    let shop = TestShop::start_with(&[("DOORBUSTER__SHOP__CURRENCY", "USD")]);
    let more = json!({"description": "<b>White</b>", "imageUrl": "https://images.example.com/a.png?x=\"1\"&y=2"});
    assert_eq!(register(&shop, "Sneaker", &more).complaint(400).1, "#/imageUrl");
    let more = json!({"description": "<b>White</b>", "imageUrl": "https://images.example.com/a.png?x=1&y=2"});
    let registered = register(&shop, "Sneaker", &more).expect(201);
    let product = id(&registered);
    assert_eq!(registered["currency"], "USD");
    let page = shop.ask_openly("GET", &format!("/products/{product}"), &Value::Null);
    assert!(page.header("content-security-policy").unwrap().contains("img-src 'self' https:;"));
    for text in [
        "&lt;b&gt;White&lt;/b&gt;",
        "src=\"https://images.example.com/a.png?x=1&amp;y=2\"",
        "USD 10.00",
        "data-digits=\"2\"",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // The browser would not load this one, so it is not asked to.
    let plain = id(&register(&shop, "Mug", &json!({"imageUrl": "http://images.example.com/b.png"})).expect(201));
    let page = shop.ask_openly("GET", &format!("/products/{plain}"), &Value::Null);
    assert!(!page.text.contains("http://images.example.com"), "{}", page.text);
    let order = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}], "totalAmount": 7}));
    assert_eq!(order.problem(409), "price.changed");
    assert!(order.json()["detail"].as_str().unwrap().contains("USD 10.00"), "{}", order.text);
    let order = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    assert_eq!(order["currency"], "USD");
}
