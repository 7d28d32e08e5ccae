// Uses the storefront as a browser does: try.mjs URL. Buys a pair twice under one key, and reads the notices of it.
import assert from "node:assert/strict";

const [url] = process.argv.slice(2);
let cookie = "";
const call = (method, path, body, headers = {}) => fetch(url + path, {
  method, headers: { "content-type": "application/json", cookie, ...headers }, body: body && JSON.stringify(body),
});

assert.equal((await call("POST", "/buy", {})).status, 401);
assert.equal((await call("GET", "/nothing")).status, 404);
assert.equal((await call("POST", "/enter", "x".repeat(20_000))).status, 413);
assert.match(await (await call("GET", "/")).text(), /Enter the shop/);
const entered = await call("POST", "/enter", { name: "Mina" });
assert.equal(entered.status, 204);
assert.match(entered.headers.get("set-cookie"), /HttpOnly; SameSite=Strict/);
cookie = entered.headers.get("set-cookie").split(";")[0];

const coupon = (await (await call("GET", "/coupons")).json()).data.find(({ remaining }) => remaining > 0);
assert.equal((await call("POST", "/coupon", { couponId: coupon.couponId })).status, 201);
assert.equal((await call("POST", "/coupon", { couponId: coupon.couponId })).status, 409);
const product = (await (await call("GET", "/products")).json()).data.find(({ available }) => available > 0);
const order = { productId: product.productId, couponId: coupon.couponId, key: crypto.randomUUID() };
const [first, second] = await Promise.all([call("POST", "/buy", order), call("POST", "/buy", order)]);
// One of the two is decided; the other gets the same order, or hears that the first still runs.
const answers = await Promise.all([first, second].map(async (answer) => ({ ...(await answer.json()), http: answer.status })));
const decided = answers.filter(({ http }) => http === 200);
assert(decided.length > 0 && answers.every(({ http }) => http === 200 || http === 409), JSON.stringify(answers));
assert.equal(new Set(decided.map(({ orderNumber }) => orderNumber)).size, 1);
assert.equal(decided[0].outcome, "COMPLETED");

const stream = await call("GET", "/notices", undefined, { "last-event-id": "0" });
let text = "";
for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
  text += part;
  if (text.includes("event: order.completed") && text.includes("event: coupon.issued")) break;
}
console.log(`bought ${decided[0].orderNumber} once, and read its notices`);
