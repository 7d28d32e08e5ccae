// Shared by the scripts: addresses, tokens, and what an expected answer is.
import { check } from "k6";
import crypto from "k6/crypto";
import encoding from "k6/encoding";
import http from "k6/http";

export const SHOP = __ENV.SHOP || "http://127.0.0.1:8080";

// Sold out, already issued and not enough points are answers of a working shop.
http.setResponseCallback(http.expectedStatuses(200, 201, 202, 402, 409, 410));

/** Signs a token as `doorbuster token` does. A customer whom the shop does not know is created by the first write. */
export function token(user, role = "customer") {
  const secret = __ENV.DOORBUSTER_AUTH_SECRET;
  if (!secret) throw new Error("set DOORBUSTER_AUTH_SECRET to the shop's secret");
  const part = (value) => encoding.b64encode(JSON.stringify(value), "rawurl");
  const exp = Math.floor(Date.now() / 1000) + 7200;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: `${user}`, role, iss: "doorbuster", aud: "doorbuster", exp })}`;
  return `${signed}.${crypto.hmac("sha256", secret, signed, "base64rawurl")}`;
}

/** Request parameters of a user. `name` groups the requests in k6's report, whatever their path. */
export function as(bearer, name, headers = {}) {
  return { headers: { "content-type": "application/json", authorization: `Bearer ${bearer}`, ...headers }, tags: { name } };
}

export function createProduct(admin, stock) {
  const body = { name: `Sneaker ${Date.now()}`, price: 120000, stock };
  return created(http.post(`${SHOP}/api/admin/products`, JSON.stringify(body), as(admin, "setup"))).productId;
}

export function createCampaign(admin, totalQuantity) {
  const body = {
    name: `Drop ${Date.now()}`, discount: { type: "FIXED", value: 5000 }, totalQuantity,
    issueStartsAt: "2026-01-01T00:00:00Z", issueEndsAt: "2099-01-01T00:00:00Z", validUntil: "2099-12-31T00:00:00Z",
  };
  return created(http.post(`${SHOP}/api/admin/coupons`, JSON.stringify(body), as(admin, "setup"))).couponId;
}

function created(response) {
  if (response.status !== 201) throw new Error(`setup failed: ${response.status} ${response.body}`);
  return response.json();
}

/** Compares two counts at the end of a run; a difference fails the run by the threshold on `checks`. */
export function same(what, expected, found) {
  if (expected !== found) console.error(`${what}: expected ${expected}, found ${found}`);
  check(null, { [what]: () => expected === found });
}
