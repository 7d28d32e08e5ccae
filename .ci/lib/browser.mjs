// Drives Chromium through a shop: `node browser.mjs check|reset|login|shoot URL ADMIN_TOKEN FOLDER`. playwright-core and axe-core are in the node_modules
// of the working folder. `check` buys as a customer, waits in a queue, looks, describes and mends as an operator, and reads the
// manual; `reset` resets a consumer group; `login` logs in at an identity provider; `shoot` takes a picture of every page.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [what, shop, adminToken, folder] = process.argv.slice(2);

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const complaints = [];
const expect = (is, text) => is || complaints.push(text);

/** Opens a browser of its own, whose complaints are collected. */
async function visitor(options = {}, token) {
    const context = await browser.newContext({ locale: "en-US", baseURL: shop, ...options });
    if (token) await context.addCookies([{ name: "doorbuster_session", value: token, url: shop, httpOnly: true, sameSite: "Strict" }]);
    await context.addInitScript(() =>
        addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)),
    );
    const page = await context.newPage();
    page.on("console", (line) => line.type() === "error" && complaints.push(`${page.url()}: ${line.text()}`));
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("dialog", (dialog) => dialog.accept());
    return page;
}

async function accessible(page) {
    // Evaluated by the debugger, which the page's policy does not forbid.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
        if (impact === "serious" || impact === "critical") complaints.push(`${page.url()}: axe ${id}: ${nodes[0].html.slice(0, 160)}`);
    }
}

async function api(method, path, body, token = adminToken) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(shop + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? {} : answer.json();
}

/** Waits for a condition that no event of the page announces. */
async function until(is, text, seconds = 20) {
    for (let left = 10 * seconds; left > 0; left -= 1) {
        if (await is()) return;
        await new Promise((go) => setTimeout(go, 100));
    }
    throw new Error(`not within ${seconds} s: ${text}`);
}

async function buy() {
    const { productId } = await api("POST", "/api/admin/products", { name: "A pair for the browser", price: 140_300, stock: 5 });
    const page = await visitor({ viewport: { width: 390, height: 844 } });
    await page.goto("/register");
    await accessible(page);
    await page.fill("[name=name]", "Bora");
    await page.fill("[name=email]", `bora-${Date.now()}@example.com`);
    await page.fill("[name=password]", "correct horse");
    await page.click("form[data-form=register] button");
    await page.waitForURL(`${shop}/`);
    for (const path of ["/", "/coupons", `/products/${productId}`, "/orders", "/account"]) {
        await page.goto(path);
        await accessible(page);
    }
    await page.goto("/coupons");
    await page.locator("[data-issue]:enabled").first().click();
    await page.waitForSelector(".say.good");
    await page.goto(`/checkout?product=${productId}&quantity=1`);
    await accessible(page);
    expect((await page.locator("[name=coupon]").count()) > 1, "the checkout offers the new coupon");
    for (const [name, value] of Object.entries({ name: "Bora", phone: "010-1234-5678", postalCode: "04524", address: "Seoul" })) {
        await page.fill(`form [name=${name}]`, value);
    }
    await page.click("aside button");
    await page.waitForURL(/\/orders\/ORD-/);
    const order = page.url();
    for (const [verb, then] of [
        ["Decline", ".say.bad"],
        ["Approve", "[data-outcome=COMPLETED]"],
    ]) {
        await page.locator("[data-pay]").click();
        await page.waitForURL(/\/payments\/scripted\//);
        await accessible(page);
        await page.click(`button:has-text("${verb}")`);
        await page.waitForURL(order);
        await page.waitForSelector(then);
        await accessible(page);
    }
    return { page, number: order.split("/").pop() };
}

/** Waits in the queue of a drop, orders with the ticket, and checks the proof and the receipt. */
async function queue(page) {
    const { productId } = await api("POST", "/api/admin/products", { name: "A pair in a drop", price: 90_000, stock: 3 });
    const terms = { name: "Saturday", startsAt: "2020-01-01T00:00:00Z", endsAt: "2099-01-01T00:00:00Z", products: [{ productId, perCustomer: 1 }] };
    const { dropId } = await api("POST", "/api/admin/drops", { ...terms, waitingRoom: { admitPerSecond: 1 } });
    await api("PATCH", `/api/admin/drops/${dropId}`, { paused: true });
    await page.goto("/drops");
    await accessible(page);
    await page.goto(`/drops/${dropId}`);
    await accessible(page);
    await page.waitForSelector("[name=cf-turnstile-response]", { state: "attached" });
    await page.click("[data-join]");
    await page.waitForSelector(".say.bad:has-text('check')");
    // Chromium puts each refused request into the console.
    const refused = complaints.findIndex((complaint) => complaint.endsWith("status of 403 (Forbidden)"));
    expect(refused >= 0, "the first token is refused");
    complaints.splice(refused, 1);
    await page.click("[data-join]");
    await page.waitForSelector("[data-leave]");
    await accessible(page);
    expect((await page.locator("[data-ahead]").innerText()) === "0", "nobody is ahead");
    await api("PATCH", `/api/admin/drops/${dropId}`, { paused: false });
    // The page shows the turn by itself.
    await page.locator("a[href^='/checkout']").click();
    await page.waitForURL(/\/checkout/);
    for (const [name, value] of Object.entries({ name: "Bora", phone: "010-1234-5678", postalCode: "04524", address: "Seoul" })) {
        await page.fill(`form [name=${name}]`, value);
    }
    await page.check("[name=payment][value=ON_DELIVERY]");
    await page.click("aside button");
    await page.waitForURL(/\/orders\/ORD-/);
    await page.waitForSelector("[data-outcome=COMPLETED]");
    for (const path of [page.url(), `/drops/${dropId}`]) {
        await page.goto(path);
        await accessible(page);
        await page.click("[data-verify]");
        await page.waitForSelector(".say.good:has-text('fit together')");
    }
    return dropId;
}

/** The provider's page and its buttons need no scripts. */
async function payWithoutScripts() {
    const { productId } = await api("POST", "/api/admin/products", { name: "Without scripts", price: 40_300, stock: 5 });
    const { orderNumber } = await api("POST", "/api/orders", { items: [{ productId, quantity: 1 }] });
    await until(async () => (await api("GET", `/api/orders/${orderNumber}`)).outcome === "AWAITING_PAYMENT", "the order is claimed");
    const asked = await api("POST", `/api/orders/${orderNumber}/pay`, { method: "CARD", returnUrl: `${shop}/orders/${orderNumber}` });
    const page = await visitor({ javaScriptEnabled: false }, adminToken);
    await page.goto(asked.nextAction.url);
    await page.click("button:has-text('Approve')");
    await page.waitForURL(`${shop}/orders/${orderNumber}`);
    await until(async () => (await api("GET", `/api/orders/${orderNumber}`)).outcome === "COMPLETED", "the order is paid");
}

async function operate(number, dropId) {
    const page = await visitor({}, adminToken);
    await page.goto("/admin");
    const figures = () => page.locator("#content").innerText();
    const before = await figures();
    await until(async () => (await figures()) !== before, "the dashboard changes by itself");
    for (const path of [...dashboard(number), "/admin/drops", `/admin/drops/${dropId}`]) {
        const answer = await page.goto(path);
        expect(answer.status() === 200, `${path}: ${answer.status()}`);
        await accessible(page);
    }
    await page.goto("/admin/orders");
    await page.fill("[name=number]", number);
    await page.click("form.search button");
    await page.waitForURL(`${shop}/admin/orders/${number}`);
    expect((await page.locator("main").innerText()).includes("PaymentActionRequired"), "the timeline shows that the customer had to act");

    await page.goto("/admin/modes");
    await page.locator("summary", { hasText: "Change the mode" }).click();
    await page.selectOption("[name=mode]", "sequential");
    await page.fill("details[open] [name=reason]", "the browser's turn");
    await page.locator("details[open] button").click();
    await page.waitForSelector("text=the browser's turn");

    await page.goto("/admin/events?type=PaymentActionRequired");
    expect((await page.locator("tbody tr").count()) > 0, "the event log finds events by type");
}

/** Brings an order and a payment into trouble: a cancelled order whose stock does not come back, and a refund that is declined. */
async function trouble() {
    const { productId } = await api("POST", "/api/admin/products", { name: "Trouble", price: 10_000, stock: 9 });
    const order = async () => {
        const { orderNumber } = await api("POST", "/api/orders", { items: [{ productId, quantity: 1 }] });
        await until(async () => (await api("GET", `/api/orders/${orderNumber}`)).outcome === "AWAITING_PAYMENT", "the order is claimed");
        return orderNumber;
    };
    const [unpaid, paid] = [await order(), await order()];
    await api("POST", `/api/orders/${paid}/pay`, { method: "CARD" });
    await api("POST", "/api/admin/payments/script", { script: "DECLINE", deed: "refund" });
    await api("POST", `/api/orders/${paid}/refund`, {});
    const outage = (out) => api("PUT", "/api/admin/services", { service: "stockService", out, reason: "the browser's turn" });
    await outage(true);
    await api("POST", `/api/orders/${unpaid}/cancel`, {});
    await until(async () => (await api("GET", `/api/orders/${unpaid}`)).outcome === "COMPENSATION_STUCK", "the order is stuck", 60);
    await outage(false);
    const isStuck = async () => (await api("GET", "/api/admin/payments?state=STUCK")).data.some((payment) => payment.orderNumber === paid);
    await until(isStuck, "the refund is stuck", 120);
    await api("POST", "/api/admin/payments/script", { script: "APPROVE" });
    return { unpaid, paid };
}

/** Opens an action of the dashboard, fills its form, and confirms it. */
async function confirm(page, label, fields) {
    const act = page.locator("details.act", { has: page.locator("summary", { hasText: new RegExp(`^${label}$`) }) });
    await act.locator("summary").click();
    for (const [name, value] of Object.entries(fields)) await act.locator(`[name=${name}]`).fill(value);
    await accessible(page);
    await Promise.all([page.waitForEvent("load"), act.locator("button").click()]);
}

/** Makes a product with all its data, finds it, changes one field and empties another. */
async function describe() {
    const page = await visitor({}, adminToken);
    await page.goto("/admin/products");
    const data = { sku: "DSC-1", externalId: "erp/1", description: "One.\nTwo.", attributes: '{"size": 270}' };
    await confirm(page, "New product", { name: "Described", price: "1000", stock: "3", ...data });
    await page.fill("form.search [name=q]", "dsc-1");
    await page.click("form.search button");
    await page.click("tbody a:has-text('Described')");
    await page.waitForURL(/\/admin\/products\/\d+$/);
    const path = `/api${new URL(page.url()).pathname}`;
    const before = await api("GET", path);
    await confirm(page, "Change description and SKU", { sku: "DSC-2", attributes: "" });
    const after = await api("GET", path);
    expect(after.sku === "DSC-2" && after.attributes === undefined, `one field is changed and one emptied: ${JSON.stringify(after)}`);
    for (const name of ["name", "price", "onHand", "externalId", "description"]) expect(after[name] === before[name], `${name} is kept`);
    expect(before.description === data.description && before.attributes.size === 270, `the product has its data: ${JSON.stringify(before)}`);
    await page.locator("summary", { hasText: "Change description and SKU" }).click();
    await page.fill("details[open] [name=attributes]", "{size");
    await page.locator("details[open] button").click();
    await page.waitForSelector("text=This is not valid JSON.");
    await page.goto(path.replace("/api/admin", ""));
    expect((await page.locator("dl.facts").innerText()).includes("DSC-2"), "the storefront shows the SKU");
    await accessible(page);
}

/** Resolves a stuck order and a stuck payment, and edits and resends a dead letter. */
async function mend() {
    const { unpaid, paid } = await trouble();
    const page = await visitor({}, adminToken);
    const actions = () => page.locator("details.act summary").allInnerTexts();
    await page.goto("/admin/orders?outcome=COMPENSATION_STUCK");
    await page.click(`a[href$="${unpaid}"]`);
    await confirm(page, "Resolve by hand", { reason: "counted in the warehouse" });
    await page.waitForSelector(".chip:has-text('CANCELLED')");
    expect(!(await actions()).includes("Resolve by hand"), "a resolved order is not resolved again");
    expect((await api("GET", `/api/orders/${unpaid}`)).outcome === "CANCELLED", "the order is resolved");

    await page.goto("/admin/payments");
    await accessible(page);
    await page.click(`a[href$="${paid}"]`);
    await confirm(page, "Resolve without the provider", { reason: "the card was closed", reference: "TR-17" });
    expect(!(await actions()).includes("Resolve without the provider"), "a resolved payment is not resolved again");
    await until(async () => (await api("GET", `/api/orders/${paid}`)).status === "REFUNDED", "the order is refunded");
    await page.goto("/admin/payments");
    expect((await page.locator(`a[href$="${paid}"]`).count()) === 0, "the payment is not listed any more");

    await page.goto("/admin/messages");
    await accessible(page);
    await page.locator("tbody a[href^='/admin/messages/']").first().click();
    await page.waitForURL(/\/admin\/messages\/\d+$/);
    await accessible(page);
    const letter = page.url().split("/").pop();
    const event = { userCouponId: "UC-00000001", userId: 1, couponId: 1, couponName: "Drop", issueNumber: 1, issuedAt: "2026-11-21T12:00:00Z" };
    await confirm(page, "Edit", { payload: JSON.stringify(event), reason: "it was cut off" });
    expect((await page.locator("pre").innerText()).includes('"issueNumber": 1'), "the page shows the new payload");
    await confirm(page, "Resend", { reason: "mended" });
    await page.waitForSelector(".chip:has-text('HANDLED')");
    const { acts } = await api("GET", `/api/admin/dead-letters/${letter}`);
    expect(acts.map((act) => act.reason).join() === "it was cut off,mended", `the letter keeps the reasons: ${JSON.stringify(acts)}`);
    expect((await actions()).length === 0, "a handled letter has no actions");

    await page.goto("/admin/trail");
    const trail = await page.locator("main").innerText();
    for (const reason of ["counted in the warehouse", "the card was closed", "it was cut off", "mended"]) {
        expect(trail.includes(reason), `the trail has the reason: ${reason}`);
    }
}

/** Has the wrong figure repaired that the script has left, after the page has shown the repair. */
async function repair() {
    const page = await visitor({}, adminToken);
    await page.goto("/admin/audit");
    await accessible(page);
    await page.click("main form button");
    await page.waitForURL(/run=true/);
    const report = () => page.locator("main").innerText();
    expect((await report()).includes("product 1: sold -2"), "the audit shows what a repair would do");
    await confirm(page, "Repair", { reason: "counted again" });
    expect(!(await report()).includes("sold -2"), "the figure is repaired");
    const { data } = await api("GET", "/api/admin/trail?action=repairShop");
    expect(data[0]?.reason === "counted again", "the trail has the reason of the repair");
}

/** Logs in at an identity provider of another site, and opens the dashboard. */
async function login() {
    const page = await visitor();
    await page.goto("/admin/orders");
    await accessible(page);
    await page.getByRole("link", { name: "Log in with Example ID" }).click();
    await page.getByRole("link", { name: "Continue as Ann" }).click();
    await page.waitForURL("**/admin/orders");
    const cookies = await page.context().cookies();
    expect(cookies.length === 1 && cookies[0].sameSite === "Strict", "the session is the only cookie that is left");
    await page.goto("/account");
    await page.getByText("Hello, Ann").waitFor();
    await page.locator("[data-log-out]").click();
    await page.getByRole("link", { name: "Log in" }).waitFor();
    await page.goto("/admin/orders");
    expect(page.url().includes("/login?next="), "nobody is logged in any more");
}

/** Looks at what a reset of a group would do, and does it. */
async function reset() {
    const { productId } = await api("POST", "/api/admin/products", { name: "Seen again", price: 10_000, stock: 9 });
    const { orderNumber } = await api("POST", "/api/orders", { items: [{ productId, quantity: 1 }] });
    await until(async () => (await api("GET", `/api/orders/${orderNumber}`)).outcome === "AWAITING_PAYMENT", "the order is claimed");
    const isRead = async () => (await api("GET", "/api/admin/groups")).data.every((group) => group.lag === 0);
    await until(isRead, "every group is at the end");
    const page = await visitor({}, adminToken);
    await page.goto("/admin/messages");
    await accessible(page);
    await page.click("a[href$='/groups/notice-group']");
    await page.waitForURL(/notice-group$/);
    await accessible(page);
    const own = page.url();
    await page.fill("[name=toTime]", "2020-01-01T00:00");
    await page.click("form.search button");
    await page.waitForURL(/toTime=/);
    const shown = await page.locator("main").innerText();
    expect(shown.includes("What it would do") && shown.includes(orderNumber), "the page shows the events that would be repeated");
    await confirm(page, "Reset the offsets", { reason: "told twice" });
    expect(page.url() === own, "the group's page is shown again");
    await until(isRead, "the group has read again");
    const { data } = await api("GET", "/api/admin/trail?action=resetGroup");
    expect(data.length === 1 && data[0].reason === "told twice", "the trail has the reset, and no dry run");
}

/** Reads the manual, searches it, and tries a call of the reference. */
async function read() {
    const page = await visitor({}, adminToken);
    for (const path of manual) {
        const answer = await page.goto(path);
        expect(answer.status() === 200, `${path}: ${answer.status()}`);
        await accessible(page);
    }
    await page.fill("input[type=search]", "identity provider");
    const first = page.locator(".found a").first();
    const target = await first.getAttribute("href");
    await first.click();
    await page.waitForURL(shop + target);
    expect((await page.locator("main").innerText()).toLowerCase().includes("identity provider"), "the search finds a page with the words");

    await page.goto("/docs");
    const list = page.locator("#op-listTrail");
    await list.waitFor();
    await accessible(page);
    for (const [language, words] of Object.entries({ TypeScript: "await fetch(", Java: "HttpRequest.newBuilder", Python: "urllib.request.Request", curl: "curl -sS" })) {
        await page.selectOption(".language select", language);
        expect((await list.locator(".sample").innerText()).includes(words), `the sample in ${language}`);
    }
    await list.locator("summary", { hasText: "Try it" }).click();
    await list.locator("button", { hasText: "Send GET" }).click();
    await list.locator(".answer strong", { hasText: "200" }).waitFor();
    expect((await list.locator(".answer").innerText()).includes("changeModes"), "the trail names the change of the mode");
}

const dashboard = (number) => [
    "/admin",
    "/admin/orders",
    `/admin/orders/${number}`,
    "/admin/products",
    "/admin/products/1",
    "/admin/coupons",
    "/admin/coupons/1",
    "/admin/payments",
    "/admin/messages",
    "/admin/messages/topics",
    "/admin/messages/groups/order-statistics-group",
    "/admin/events",
    "/admin/webhooks",
    "/admin/modes",
    "/admin/audit?run=true",
    "/admin/people",
    "/admin/trail",
];
const manual = ["/docs/index", "/docs/people", "/docs/settings", "/docs/tutorials/first-drop", "/docs/decisions/0109-an-act-is-written-with-its-change"];

async function shoot() {
    mkdirSync(folder, { recursive: true });
    const of = async (path) => (await api("GET", path)).data ?? [];
    const orders = await of("/api/admin/orders?outcome=COMPLETED&limit=20");
    const paid = orders.find((order) => order.payment.terms === "PREPAID") ?? orders[0];
    const { productId } = (await of("/api/products"))[0];
    const { orderNumber } = await api("POST", "/api/orders", { items: [{ productId, quantity: 1 }] });
    await until(async () => (await api("GET", `/api/orders/${orderNumber}`)).outcome === "AWAITING_PAYMENT", "the order is claimed");
    const pages = ["/", `/products/${productId}`, "/coupons", `/checkout?product=${productId}&quantity=1`, `/orders/${orderNumber}`, "/orders", "/account", "/login", "/register"];
    for (const [look, options] of Object.entries({
        light: { colorScheme: "light", viewport: { width: 1280, height: 860 } },
        dark: { colorScheme: "dark", viewport: { width: 1280, height: 860 } },
        phone: { colorScheme: "light", viewport: { width: 360, height: 740 } },
    })) {
        const page = await visitor(options, adminToken);
        for (const path of [...pages, ...dashboard(paid.orderNumber), "/docs", ...manual]) {
            await page.goto(path);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect(wide <= 0, `${look} ${path}: ${wide} px too wide`);
            const name = path === "/" ? "home" : path.slice(1).replace(/\?.*/, "").replace(/ORD-\w+/, "order").replaceAll("/", "-");
            await page.screenshot({ path: join(folder, `${name}-${look}.png`) });
        }
    }
}

try {
    if (what === "shoot") await shoot();
    else if (what === "reset") await reset();
    else if (what === "login") await login();
    else {
        const { page, number } = await buy();
        const dropId = await queue(page);
        await payWithoutScripts();
        await operate(number, dropId);
        await describe();
        await mend();
        await repair();
        await read();
    }
} catch (error) {
    complaints.push(error.message);
}
await browser.close();
complaints.forEach((complaint) => console.log(complaint));
process.exit(complaints.length === 0 ? 0 : 1);
