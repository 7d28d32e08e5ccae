// A storefront on its own server: the browser talks to it, and it talks to the shop. No dependencies.
//
//   node server.mjs --shop http://127.0.0.1:8080 --listen 3001
//
// The token stays on the server, behind a cookie; the browser never sees it. Every order has an idempotency key that was made with
// the page, so a double click or a reload after a lost answer buys once. Notices are passed on as they come.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({ options: { shop: { type: "string" }, listen: { type: "string" } } });
const SHOP = options.shop ?? "http://127.0.0.1:8080";
const PAGE = readFileSync(new URL("page.html", import.meta.url));
const SCRIPT = readFileSync(new URL("page.js", import.meta.url));
const BODY_MAX = 16 * 1024;
const SESSIONS_MAX = 10_000;

/** Session id → the shop's access token. In earnest: a store that several servers share. */
const sessions = new Map();

async function shop(method, path, { token, body, headers = {} } = {}) {
  const bearer = token ? { authorization: `Bearer ${token}` } : {};
  return fetch(SHOP + path, {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...bearer, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

function tokenOf(request) {
  const id = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  return sessions.get(id);
}

async function bodyOf(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > BODY_MAX) throw Object.assign(new Error("the body is too large"), { status: 413 });
  }
  try {
    return JSON.parse(text || "{}");
  } catch {
    throw Object.assign(new Error("the body is not JSON"), { status: 400 });
  }
}

/** Passes the shop's answer on: status, document, and when to try again. */
async function pass(answer, response) {
  const headers = { "content-type": answer.headers.get("content-type") ?? "application/json" };
  const after = answer.headers.get("retry-after");
  response.writeHead(answer.status, after ? { ...headers, "retry-after": after } : headers);
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** Registers a guest and logs in; the password is random and forgotten, because this shop window has no accounts. */
async function enter(request, response) {
  const { name } = await bodyOf(request);
  const account = { email: `${randomUUID()}@guest.example`, password: randomUUID(), name };
  const registered = await shop("POST", "/api/users", { body: account });
  if (!registered.ok) return pass(registered, response);
  const login = await shop("POST", "/api/auth/login", { body: { email: account.email, password: account.password } });
  if (!login.ok) return pass(login, response);
  const id = randomUUID();
  if (sessions.size >= SESSIONS_MAX) sessions.delete(sessions.keys().next().value);
  sessions.set(id, (await login.json()).accessToken);
  response.writeHead(204, { "set-cookie": `session=${id}; HttpOnly; SameSite=Strict; Path=/` }).end();
}

async function buy(request, response, token) {
  const { productId, couponId, key } = await bodyOf(request);
  const body = { items: [{ productId, quantity: 1 }], couponId, payment: "ON_DELIVERY" };
  // The shop waits up to five seconds for the outcome; otherwise it answers with a receipt, and the outcome is a notice.
  const headers = { "idempotency-key": `"${key}"`, prefer: "wait=5" };
  await pass(await shop("POST", "/api/orders", { token, body, headers }), response);
}

/** Passes the customer's notices on. A browser that reconnects names the last one that it has. */
async function notices(request, response, token) {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const last = request.headers["last-event-id"];
  const headers = { authorization: `Bearer ${token}`, ...(last ? { "last-event-id": last } : {}) };
  const stream = await fetch(`${SHOP}/api/events`, { headers, signal: gone.signal });
  if (!stream.ok) return pass(stream, response);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  Readable.fromWeb(stream.body).on("error", () => response.end()).pipe(response);
}

const anyone = {
  "GET /": (_, response) => response.writeHead(200, {
    "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'self'",
  }).end(PAGE),
  "GET /page.js": (_, response) => response.writeHead(200, { "content-type": "text/javascript" }).end(SCRIPT),
  "GET /products": async (_, response) => pass(await shop("GET", "/api/products?limit=20"), response),
  "GET /coupons": async (_, response) => pass(await shop("GET", "/api/coupons?limit=20"), response),
  "POST /enter": enter,
};
const customers = {
  "POST /coupon": async (request, response, token) => {
    const { couponId } = await bodyOf(request);
    await pass(await shop("POST", `/api/coupons/${encodeURIComponent(couponId)}/issue`, { token, body: {} }), response);
  },
  "POST /buy": buy,
  "GET /notices": notices,
};

async function answer(request, response) {
  const route = `${request.method} ${request.url.split("?")[0]}`;
  if (anyone[route]) return anyone[route](request, response);
  if (!customers[route]) return response.writeHead(404).end();
  const token = tokenOf(request);
  return token ? customers[route](request, response, token) : response.writeHead(401).end();
}

const server = createServer((request, response) => {
  Promise.resolve().then(() => answer(request, response)).catch((error) => {
    if (!response.headersSent) response.writeHead(error.status ?? 502, { "content-type": "application/json" });
    response.end(JSON.stringify({ detail: error.status ? error.message : "the shop does not answer" }));
  });
});
server.listen(Number(options.listen ?? 3001), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
