//! Products on pages: what they are called elsewhere, how they are described, and how they are found.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::dashboard::visit;
use crate::shop::{ADMIN, ANN, TestShop};

fn visit_as_admin(shop: &TestShop, path: &str) -> String {
    visit(shop, &shop.token(ADMIN, Role::Admin), path).text
}

fn register(shop: &TestShop, name: &str, more: &Value) -> i64 {
    let mut body = json!({"name": name, "price": 1_000, "stock": 5});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.post(ADMIN, "/api/admin/products", &body).expect(201)["productId"].as_i64().unwrap()
}

fn full() -> Value {
    json!({
        "sku": "SNK-<270>", "externalId": "erp/77", "description": "White.\nNumbered.",
        "imageUrl": "https://images.example.com/snk.png",
        "attributes": {"size": 270, "색": "흰색", "limited": true, "tags": ["a", "b"]},
    })
}

#[test]
fn a_products_page_shows_its_data_in_a_list() {
    let shop = TestShop::start();
    let (with, without) = (register(&shop, "Sneaker", &full()), register(&shop, "Plain", &json!({})));
    let shown = [
        "<dt>SKU</dt><dd>SNK-&lt;270&gt;</dd>",
        "<dt>External ID</dt><dd>erp/77</dd>",
        "<dt>size</dt><dd>270</dd>",
        "<dt>색</dt><dd>흰색</dd>",
        "<dt>limited</dt><dd>yes</dd>",
        "<dt>tags</dt><dd>a, b</dd>",
        "White.\nNumbered.",
        "<img src=\"https://images.example.com/snk.png\"",
    ];
    let storefront = |id: i64| visit(&shop, &shop.token(ANN, Role::Customer), &format!("/products/{id}")).text;
    for page in [storefront(with), visit_as_admin(&shop, &format!("/admin/products/{with}"))] {
        for text in shown {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
    for page in [storefront(without), visit_as_admin(&shop, &format!("/admin/products/{without}"))] {
        assert!(!page.contains("<dl"), "{page}");
    }
    let korean = [("accept-language", "ko")];
    let korean = shop.client().send("GET", &format!("/products/{with}"), &korean, "").unwrap().text;
    assert!(korean.contains("<dt>상품 코드(SKU)</dt>") && korean.contains("<dd>예</dd>"), "{korean}");
}

/// The forms have a field for each member that the API takes, and show what is there.
#[test]
fn a_product_is_made_and_described_on_the_dashboard() {
    let shop = TestShop::start();
    let id = register(&shop, "Sneaker", &full());
    let form = |page: &str, method: &str, path: &str, field: &str| -> String {
        let start = format!("data-method=\"{method}\" data-path=\"{path}\"");
        let parts = page.split("<form ").filter(|part| part.starts_with(&start) && part.contains(field));
        parts.map(str::to_owned).next().unwrap_or_else(|| panic!("{start} with {field} in {page}"))
    };
    let new = form(&visit_as_admin(&shop, "/admin/products"), "POST", "/api/admin/products", "name=\"stock\"");
    let own = format!("/api/admin/products/{id}");
    let change = form(&visit_as_admin(&shop, &format!("/admin/products/{id}")), "PATCH", &own, "name=\"sku\"");
    for name in ["sku", "externalId", "description", "imageUrl", "attributes"] {
        let field = format!("name=\"{name}\"");
        assert!(new.contains(&field) && !new.contains("data-kept"), "{name}: {new}");
        assert!(change.contains(&field), "{name}: {change}");
    }
    assert_eq!(change.matches("data-kept").count(), 5, "{change}");
    for text in
        ["value=\"SNK-&lt;270&gt;\"", "White.\nNumbered.</textarea>", "data-kind=\"json\"", "&quot;size&quot;: 270"]
    {
        assert!(change.contains(text), "{text}: {change}");
    }
    // The body of a form whose SKU was changed and whose attributes were emptied.
    let changed = shop.patch(ADMIN, &own, &json!({"sku": "SNK-2", "attributes": null})).expect(200);
    assert_eq!((&changed["sku"], changed.get("attributes")), (&json!("SNK-2"), None));
    let page = visit_as_admin(&shop, &format!("/admin/products/{id}"));
    assert!(page.contains("<dd>SNK-2</dd>") && !page.contains("<dt>size</dt>"), "{page}");
}

#[test]
fn products_are_found_by_name_sku_external_id_and_status() {
    let shop = TestShop::start();
    register(&shop, "Desk Lamp", &json!({"sku": "LMP-1", "externalId": "e1"}));
    register(&shop, "머그컵", &json!({"sku": "MUG-1"}));
    register(&shop, "Gone", &json!({"stock": 0}));
    let every = ["Desk Lamp", "머그컵", "Gone"];
    for (filter, found) in [
        ("", &every[..]),
        ("q=&externalId=&status=", &every[..]),
        ("q=lamp", &every[..1]),
        ("q=mug-", &every[1..2]),
        ("q=%EB%A8%B8%EA%B7%B8", &every[1..2]),
        ("externalId=e1", &every[..1]),
        ("status=SOLD_OUT", &every[2..]),
        ("q=lamp&status=SOLD_OUT", &[]),
    ] {
        let page = visit_as_admin(&shop, &format!("/admin/products?{filter}"));
        for name in every {
            assert_eq!(page.contains(&format!(">{name}</a>")), found.contains(&name), "{filter}, {name}: {page}");
        }
        assert_eq!(page.contains("No product matches."), found.is_empty(), "{filter}: {page}");
    }
    let page = visit_as_admin(&shop, "/admin/products?q=lamp");
    assert!(page.contains("value=\"lamp\"") && page.contains("<td class=\"code\">LMP-1</td>"), "{page}");
}
