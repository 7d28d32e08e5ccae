// A drop: QUANTITY coupons, RATE customers a second for DURATION seconds. Fails if one coupon too many or too few is issued.
//
//   k6 run -e DOORBUSTER_AUTH_SECRET=… -e SHOP=http://shop:8080 examples/k6/coupon-drop.js
import { check } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { Counter } from "k6/metrics";
import { SHOP, as, createCampaign, same, token } from "./shop.js";

const QUANTITY = Number(__ENV.QUANTITY || 1000);
const RATE = Number(__ENV.RATE || 1000);
const DURATION = Number(__ENV.DURATION || 20);

export const options = {
  scenarios: {
    drop: {
      executor: "constant-arrival-rate", rate: RATE, timeUnit: "1s", duration: `${DURATION}s`,
      preAllocatedVUs: Math.min(RATE, 2000), maxVUs: Math.min(RATE * 4, 10000),
    },
  },
  thresholds: { checks: ["rate==1"], http_req_failed: ["rate<0.001"], "http_req_duration{name:issue}": ["p(99)<500"] },
};

const issued = new Counter("coupons_issued");
const refused = new Counter("coupons_refused");

export function setup() {
  return { campaign: createCampaign(token(1, "admin"), QUANTITY), first: 1_000_000 + (Date.now() % 1_000_000) * 1000 };
}

export default function (data) {
  const customer = token(data.first + exec.scenario.iterationInTest);
  const response = http.post(`${SHOP}/api/coupons/${data.campaign}/issue`, "{}", as(customer, "issue"));
  if (response.status === 201) issued.add(1);
  else refused.add(1);
  check(response, {
    "issued or sold out": () => response.status === 201 || (response.status === 410 && response.json("code") === "coupon.sold_out"),
    "its number is within the quantity": () => response.status !== 201 || Number(response.json("issueNumber")) <= QUANTITY,
  });
}

export function teardown(data) {
  const campaign = http.get(`${SHOP}/api/coupons/${data.campaign}`, { tags: { name: "teardown" } });
  const count = Number(campaign.json("issued"));
  check(null, { "not one coupon too many": () => count <= QUANTITY });
  // Requests that k6 could not send in time are its dropped iterations, so the demand has to be well above the quantity.
  if (RATE * DURATION >= QUANTITY * 1.5) same("as many coupons as there are", QUANTITY, count);
}
