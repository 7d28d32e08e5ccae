// Orders for one product of STOCK units, RATE a second for DURATION seconds; one in ten is sent twice under its key. Fails if a
// repeat buys again, or if a product of fewer units than orders is not sold out exactly.
//
//   k6 run -e DOORBUSTER_AUTH_SECRET=… -e SHOP=http://shop:8080 examples/k6/orders.js
import { check } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { SHOP, as, createProduct, same, token } from "./shop.js";

const STOCK = Number(__ENV.STOCK || 5000);
const RATE = Number(__ENV.RATE || 500);
const DURATION = Number(__ENV.DURATION || 20);

export const options = {
  scenarios: {
    orders: {
      executor: "constant-arrival-rate", rate: RATE, timeUnit: "1s", duration: `${DURATION}s`,
      preAllocatedVUs: Math.min(RATE, 2000), maxVUs: Math.min(RATE * 4, 10000),
    },
  },
  thresholds: { checks: ["rate==1"], http_req_failed: ["rate<0.001"], "http_req_duration{name:order}": ["p(99)<5000"] },
};

export function setup() {
  return { product: createProduct(token(1, "admin"), STOCK), first: 1_000_000 + (Date.now() % 1_000_000) * 1000 };
}

export default function (data) {
  const number = exec.scenario.iterationInTest;
  const customer = token(data.first + number);
  const body = JSON.stringify({ items: [{ productId: data.product, quantity: 1 }], payment: "ON_DELIVERY" });
  const params = as(customer, "order", { "idempotency-key": `"${data.first + number}"`, prefer: "wait=5" });
  const response = http.post(`${SHOP}/api/orders`, body, params);
  check(response, { "decided or accepted": () => response.status === 200 || response.status === 202 });
  if (number % 10 === 0) {
    const repeat = http.post(`${SHOP}/api/orders`, body, params);
    check(repeat, { "a repeat is the same order": () => repeat.json("orderNumber") === response.json("orderNumber") });
  }
}

export function teardown(data) {
  const product = http.get(`${SHOP}/api/products/${data.product}`, { tags: { name: "teardown" } });
  const available = Number(product.json("available"));
  check(null, { "not one unit too many": () => available >= 0 });
  if (RATE * DURATION >= STOCK * 1.5) same("sold out", 0, available);
}
