// A sale through the client generated from /openapi.json: typed by openapi-typescript, sent by openapi-fetch.
// It compiles only if optional fields are optional, and fails at the first unexpected response.
import assert from "node:assert/strict";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./shop.js";

const [url, password] = process.argv.slice(2);
assert(url && password, "usage: sale.js <url> <the admin's password>");

function client(token?: string) {
  const shop = createClient<paths>({ baseUrl: url });
  const bearer: Middleware = {
    onRequest({ request }) {
      if (token) request.headers.set("authorization", `Bearer ${token}`);
      return request;
    },
  };
  shop.use(bearer);
  return shop;
}

function given<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  assert(answer.data !== undefined, `${answer.response.status}: ${answer.error?.code} ${answer.error?.detail}`);
  return answer.data;
}

async function logIn(email: string, secret: string) {
  const token = given(await client().POST("/api/auth/login", { body: { email, password: secret } }));
  return client(token.accessToken);
}

const ann = { email: `ann.${Date.now()}@example.com`, password: "correct horse battery", name: "Ann" };
given(await client().POST("/api/users", { body: ann }));
const customer = await logIn(ann.email, ann.password);
const admin = await logIn("admin@doorbuster.local", password);

const product = given(await admin.POST("/api/admin/products", { body: { name: "Sneaker", price: 120_000, stock: 50 } }));
const campaign = given(await admin.POST("/api/admin/coupons", {
  body: {
    name: "Opening", discount: { type: "PERCENT", value: 10 }, totalQuantity: 10,
    issueStartsAt: "2026-01-01T00:00:00Z", issueEndsAt: "2099-01-01T00:00:00Z", validUntil: "2099-12-31T00:00:00Z",
  },
}));
const coupon = given(await customer.POST("/api/coupons/{id}/issue", { params: { path: { id: campaign.couponId } } }));
assert.equal(coupon.issueNumber, 1);
assert.equal(given(await customer.POST("/api/points/charge", { body: { amount: 8_000 } })).balance, 8_000);

const unknown = await customer.POST("/api/orders", { body: { items: [{ productId: product.productId + 1_000, quantity: 1 }] } });
assert.equal(unknown.error?.code, "product.not_found");
const receipt = given(await customer.POST("/api/orders", { body: { items: [{ productId: product.productId, quantity: 1 }] } }));
assert.equal(receipt.trackingUrl, `/api/orders/${receipt.orderNumber}/status`);

const placed = given(await customer.POST("/api/orders", {
  params: { header: { Prefer: "wait=10", "Idempotency-Key": "order-1" } },
  body: { items: [{ productId: product.productId, quantity: 1 }], couponId: campaign.couponId, pointsToUse: 8_000 },
}));
assert.deepEqual([placed.outcome, placed.amountDue], ["AWAITING_PAYMENT", 100_000]);
const path = { orderNumber: placed.orderNumber };

const paid = await customer.POST("/api/orders/{orderNumber}/pay", {
  params: { path, header: { Prefer: "wait=10" } }, body: { method: "CARD" },
});
given(paid);
assert.equal(paid.response.status, 200);
const standing = given(await customer.GET("/api/orders/{orderNumber}/status", { params: { path } }));
assert.equal(standing.outcome, "COMPLETED");

const refunded = given(await customer.POST("/api/orders/{orderNumber}/refund", { params: { path }, body: { reason: "does not fit" } }));
assert(["REFUND_REQUESTED", "REFUNDED"].includes(refunded.status), refunded.status);
for (let look = 0; ; look += 1) {
  const { status } = given(await customer.GET("/api/orders/{orderNumber}", { params: { path } }));
  if (status === "REFUNDED") break;
  assert(look < 100, `after 10 seconds the order is ${status}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
assert.equal(given(await customer.GET("/api/points")).balance, 8_000);
assert.equal(given(await admin.GET("/api/admin/audit")).violations, 0);
console.log(`${placed.orderNumber} was placed, paid and refunded; the audit finds nothing.`);
