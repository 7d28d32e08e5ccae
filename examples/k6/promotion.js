// The load before a promotion: USERS customers for MINUTES, who look, collect a coupon and order, with pauses.
//
//   k6 run -e DOORBUSTER_AUTH_SECRET=… -e SHOP=http://shop:8080 examples/k6/promotion.js
import { check, sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { SHOP, as, createCampaign, createProduct, token } from "./shop.js";

const USERS = Number(__ENV.USERS || 10000);
const MINUTES = Number(__ENV.MINUTES || 30);
const PAUSE = Number(__ENV.PAUSE || 5);

export const options = {
  scenarios: {
    customers: {
      executor: "ramping-vus",
      startVUs: 0,
      stages: [
        { target: USERS, duration: `${MINUTES * 4}s` },
        { target: USERS, duration: `${MINUTES * 52}s` },
        { target: 0, duration: `${MINUTES * 4}s` },
      ],
      gracefulRampDown: "30s",
    },
  },
  // The sources' targets: fewer than 2 % errors, p99 below 500 ms, an order within 5 s.
  thresholds: {
    checks: ["rate>0.999"],
    http_req_failed: ["rate<0.02"],
    "http_req_duration{name:look}": ["p(99)<500"],
    "http_req_duration{name:issue}": ["p(99)<500"],
    "http_req_duration{name:order}": ["p(99)<5000"],
  },
};

export function setup() {
  const admin = token(1, "admin");
  return {
    product: createProduct(admin, USERS * MINUTES),
    campaign: createCampaign(admin, Math.ceil(USERS / 10)),
    first: 1_000_000 + (Date.now() % 1_000_000) * 1000,
  };
}

export default function (data) {
  const customer = token(data.first + exec.vu.idInTest);
  const products = http.get(`${SHOP}/api/products/${data.product}`, { tags: { name: "look" } });
  check(products, { "the product is shown": () => products.status === 200 });
  sleep(PAUSE * Math.random());
  if (exec.vu.iterationInScenario === 0) {
    const coupon = http.post(`${SHOP}/api/coupons/${data.campaign}/issue`, "{}", as(customer, "issue"));
    check(coupon, { "issued or sold out": () => coupon.status === 201 || coupon.status === 410 });
  } else if (exec.vu.iterationInScenario % 3 === 1) {
    const body = JSON.stringify({ items: [{ productId: data.product, quantity: 1 }], payment: "ON_DELIVERY" });
    const order = http.post(`${SHOP}/api/orders`, body, as(customer, "order", { prefer: "wait=5" }));
    check(order, { "decided or accepted": () => order.status === 200 || order.status === 202 });
  }
  sleep(PAUSE * (0.5 + Math.random()));
}
