// The page: texts come from the shop and are set as text, never as HTML.
const list = (id) => document.getElementById(id);

function add(to, text) {
  const item = document.createElement("li");
  item.textContent = text;
  list(to).append(item);
  return item;
}

function button(item, text, act) {
  const pressed = document.createElement("button");
  pressed.textContent = text;
  pressed.addEventListener("click", act);
  item.append(" ", pressed);
}

async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (answer.status === 204) return {};
  const document = await answer.json();
  if (!answer.ok) add("notices", document.detail ?? `refused with status ${answer.status}`);
  return document;
}

async function show() {
  for (const { couponId, name, remaining } of (await (await fetch("/coupons")).json()).data) {
    button(add("coupons", `${name}: ${remaining} left`), "Get it", () => send("/coupon", { couponId }));
  }
  for (const { productId, name, price, available } of (await (await fetch("/products")).json()).data) {
    // One key for one intention: a second click repeats the order instead of placing another.
    const key = crypto.randomUUID();
    button(add("products", `${name}, ${price} won: ${available} left`), "Buy", () => send("/buy", { productId, key }));
  }
}

document.getElementById("enter").addEventListener("click", async (event) => {
  event.target.disabled = true;
  await send("/enter", { name: "Guest" });
  const notices = new EventSource("/notices");
  for (const kind of ["coupon.issued", "order.completed", "order.cancelled", "order.status"]) {
    notices.addEventListener(kind, ({ data }) => add("notices", JSON.parse(data).message));
  }
});
show();
