// What the storefront's pages do beyond showing: live counts, and every button and form.

import { call, get, language, post } from "./api.js";
import * as clock from "./clock.js";
import { acting, each, say } from "./page.js";
import { verify } from "./proof.js";

const count = (number) => new Intl.NumberFormat("en").format(number);
const { currency = "KRW", digits = "0" } = document.documentElement.dataset;
const won = (amount) => {
  if (currency === "KRW") return language === "ko" ? `${count(amount)}원` : `₩${count(amount)}`;
  const [whole, rest] = (Math.abs(amount) / 10 ** digits).toFixed(digits).split(".");
  return `${amount < 0 ? "−" : ""}${currency} ${count(Number(whole))}${rest ? `.${rest}` : ""}`;
};

// Leads to another page; nothing more happens on this one.
const leave = (url) => {
    location.assign(url);
    return new Promise(() => {});
};

// Live counts: read again every two seconds while somebody looks.
function showLeft(element, left, total) {
    element.querySelectorAll("[data-left]").forEach((place) => (place.textContent = count(left)));
    element.querySelectorAll("[data-left-text]").forEach((place) => (place.textContent = place.dataset.leftText.replace("{0}", count(left))));
    element.querySelectorAll("[data-meter]").forEach((meter) => {
        if (total !== undefined) meter.max = total;
        meter.value = left;
    });
}

async function refresh(element) {
    if (element.dataset.campaign) {
        const campaign = await get(`/api/coupons/${element.dataset.campaign}`);
        showLeft(element, campaign.remaining, campaign.totalQuantity);
        if (element.dataset.phase === "open" && (campaign.remaining === 0 || campaign.paused)) location.reload();
    } else if (element.querySelector("[data-left]")) {
        const product = await get(`/api/products/${element.dataset.product}`);
        showLeft(element, product.available);
        if (product.status !== element.dataset.status) location.reload();
    }
}

const live = document.querySelectorAll("[data-campaign], .product[data-product]");
async function watch() {
    if (!document.hidden) await Promise.allSettled([...live].map(refresh));
    setTimeout(watch, 2000);
}
if (live.length > 0) setTimeout(watch, 2000);

// Coupons.
each("[data-issue]", (button) =>
    button.addEventListener("click", () =>
        acting(button, async () => {
            const issued = await post(`/api/coupons/${button.dataset.issue}/issue`, {}, undefined, { prefer: "wait=10" });
            const number = issued.issueNumber ?? issued.result?.issueNumber;
            const ticket = button.closest("[data-campaign]");
            say(button, number ? ticket.dataset.yours.replace("{0}", count(number)) : (issued.message ?? issued.status), number ? "good" : "warn");
            await refresh(ticket);
        }),
    ),
);

// Logging in.
each("[data-form=login], [data-form=register]", (form) =>
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        acting(form.querySelector("button"), async () => {
            const { name, email, password } = Object.fromEntries(new FormData(form));
            if (form.dataset.form === "register") await post("/api/users", { name, email, password });
            await call("POST", "/api/auth/session", { email, password });
            location.assign(form.dataset.next);
        });
    }),
);
// Checkout: the sums follow the choices; the shop computes them again and refuses others.
each("[data-form=checkout]", (form) => {
    const key = crypto.randomUUID();
    const total = Number(form.dataset.total);
    const choices = () => {
        const discount = Number(form.querySelector("[name=coupon]:checked").dataset.discount);
        const points = Math.min(Math.max(0, Math.trunc(form.points.value || 0)), total - discount);
        return { discount, points, due: total - discount - points };
    };
    const show = () => {
        const { discount, points, due } = choices();
        const sums = { coupon: discount === 0 ? won(0) : `−${won(discount)}`, points: points === 0 ? won(0) : `−${won(points)}`, due: won(due) };
        for (const [name, text] of Object.entries(sums)) form.querySelector(`[data-sum=${name}]`).textContent = text;
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        acting(form.querySelector("aside button"), async () => {
            const field = Object.fromEntries(new FormData(form));
            const order = {
                items: [{ productId: Number(form.dataset.product), quantity: Number(form.dataset.quantity) }],
                pointsToUse: choices().points,
                payment: field.payment,
                receiver: { name: field.name, phone: field.phone, postalCode: field.postalCode, address: field.address },
                totalAmount: total,
                ...(field.coupon ? { userCouponId: field.coupon } : {}),
            };
            const ticket = form.dataset.ticket ? { "queue-ticket": form.dataset.ticket } : {};
            try {
                const { orderNumber } = await post("/api/orders", order, key, ticket);
                location.assign(`/orders/${orderNumber}`);
            } catch (refused) {
                const waits = form.querySelector("[data-waits]");
                if (refused.code !== "queue.ticket_required" || !waits) throw refused;
                // The customer's turn has passed while the page was open.
                waits.hidden = false;
                form.querySelector("aside button").hidden = true;
            }
        });
    });
});

// One order: its buttons, and a new look whenever a notice is about it.
each("[data-order]", (section) => {
    const path = `/api/orders/${section.dataset.order}`;
    const act = (selector, run) =>
        section.querySelectorAll(selector).forEach((button) =>
            button.addEventListener("click", () => {
                const question = button.dataset.cancel ?? button.dataset.refund;
                if (question && !confirm(question)) return;
                acting(button, async () => {
                    await run(button);
                    location.reload();
                });
            }),
        );
    const returnUrl = location.origin + location.pathname;
    act("[data-pay]", async (button) => {
        const payment = await post(`${path}/pay`, { method: "GENERAL", returnUrl, paidAmount: Number(button.dataset.pay) });
        if (payment.nextAction) await leave(payment.nextAction.url);
    });
    act("[data-cancel]", () => post(`${path}/cancel`));
    act("[data-refund]", () => post(`${path}/refund`));

    // Back from the bank, or not there yet: the shop asks the provider now instead of at its next query.
    if (section.dataset.payment === "REQUIRES_ACTION") {
        const again = { method: section.dataset.method };
        post(`${path}/pay`, again).then((payment) => payment.status === "REQUIRES_ACTION" || location.reload(), (refused) => refused.status === 402 && location.reload());
    }

    const look = async () => {
        const order = await get(path);
        if (order.outcome !== section.dataset.outcome || order.status !== section.dataset.status) location.reload();
    };
    const notices = new EventSource("/api/events");
    for (const kind of ["order.completed", "order.cancelled", "order.status"]) notices.addEventListener(kind, look);
    // What changed while the page was on its way.
    notices.addEventListener("open", look);
});

// The fields into which the services that check clients write the customer's token.
const CHALLENGE_TOKEN = "[name=cf-turnstile-response], [name=h-captcha-response], [name=g-recaptcha-response]";

// The waiting room of a drop: joining it, leaving it, and the place in it.
each("[data-drop]", (section) => {
    const path = `/api/drops/${section.dataset.drop}/queue`;
    const act = (selector, run) =>
        section.querySelectorAll(selector).forEach((button) =>
            button.addEventListener("click", () =>
                acting(button, async () => {
                    await run();
                    location.reload();
                }),
            ),
        );
    act("[data-join]", async () => {
        const token = section.querySelector(CHALLENGE_TOKEN)?.value;
        try {
            await post(path, {}, undefined, token ? { "challenge-token": token } : {});
        } catch (refused) {
            // A token is good for one request.
            for (const widget of ["turnstile", "hcaptcha", "grecaptcha"]) globalThis[widget]?.reset();
            throw refused;
        }
    });
    act("[data-leave]", () => call("DELETE", path));
    const { ticket } = section.dataset;
    if (!ticket) return;
    const admitted = section.querySelector("[data-admitted]");
    // Is the page still about this state of the ticket? Units may come back, and a pause stops the time to order.
    const fits = ({ status, admittedUntil }) => status === ticket && Boolean(admittedUntil) === Boolean(admitted);
    const show = (place) => {
        if (admitted) admitted.dateTime = place.admittedUntil;
        if (ticket !== "WAITING" || place.ahead === null) return;
        section.querySelector("[data-undrawn]")?.remove();
        section.querySelector("[data-ahead]").textContent = count(place.ahead);
        const wait = section.querySelector("[data-wait]");
        const seconds = place.estimatedWaitSeconds;
        wait.textContent = seconds === null ? wait.dataset.stopped : wait.dataset.wait.replace("{0}", count(seconds));
    };
    const look = async () => {
        const place = await get(path);
        if (fits(place)) show(place);
        else location.reload();
    };
    const moves = new EventSource("/api/events");
    moves.addEventListener("queue.moved", ({ data }) => {
        const place = JSON.parse(data);
        if (place.dropId !== Number(section.dataset.drop)) return;
        // What is told may be a second older than the page: look before leaving it.
        if (fits(place)) show(place);
        else look();
    });
    moves.addEventListener("open", look);
});

// The proof of a drop, and the receipt of an order in it.
each("[data-verify]", (button) =>
    button.addEventListener("click", () =>
        acting(button, async () => {
            const { verify: drop, receipt: order, good, bad } = button.dataset;
            const receipt = order && (await get(`/api/orders/${order}/receipt`));
            const proof = await (await fetch(`/api/drops/${receipt?.dropId ?? drop}/proof`)).text();
            try {
                say(button, good.replace("{0}", count(await verify(proof, receipt))), "good");
            } catch {
                say(button, bad, "bad");
            }
            button.disabled = false;
        }),
    ),
);

clock.start();
