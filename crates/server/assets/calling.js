// Calls an operation of this shop from its page. The token stays in this page's memory; without one, the session cookie goes along.

let token = "";

/** The field for the token of all calls. */
export function tokenField(make) {
  const input = make("input", { type: "password", autocomplete: "off", spellcheck: "false", placeholder: "eyJ… or dbk_…" });
  input.addEventListener("input", () => { token = input.value.trim(); });
  return make("label", { class: "token" }, "Token for the calls on this page (kept until you leave it; empty: your session in this browser) ", input);
}

/** A part that opens into the fields of a call; nothing where an answer never ends. */
export function calling(operation, make) {
  if (isEndless(operation)) return undefined;
  const details = make("details", { class: "calling" }, make("summary", {}, "Try it"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(fields(operation, make));
  });
  return details;
}

/** The places of parameters that have a field, as the field names them. */
const PLACES = { path: " in the path", query: "", header: " in a header" };

/** The headers of an answer that a next call needs. */
const TOLD = ["etag", "location", "retry-after", "idempotency-replayed"];

function isEndless({ responses }) {
  return "101" in responses || Object.values(responses).some(({ content }) => content?.["text/event-stream"]);
}

function fields(operation, make) {
  const inputs = (operation.parameters ?? []).filter((parameter) => parameter.in in PLACES).map((parameter) => {
    const isPath = parameter.in === "path";
    const example = String(parameter.example ?? "");
    const input = make("input", { autocomplete: "off", spellcheck: "false", value: isPath ? example : undefined, placeholder: isPath ? undefined : example });
    return { parameter, input, label: make("label", {}, make("span", {}, make("code", {}, parameter.name), PLACES[parameter.in]), input) };
  });
  const media = operation.requestBody?.content?.["application/json"];
  const body = media && make("textarea", { rows: "8", spellcheck: "false", "aria-label": "Body" }, JSON.stringify(media.example, null, 2));
  const button = make("button", { type: "button" }, `Send ${operation.method.toUpperCase()}`);
  const says = operation.method === "get" ? "" : "This changes the shop that serves this page.";
  const answer = make("div", { class: "answer", role: "status" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    answer.replaceChildren(...(await send(operation, inputs, body?.value, make)));
    button.disabled = false;
  });
  return make("div", {}, ...inputs.map(({ label }) => label), body, make("p", { class: "type" }, says), button, answer);
}

async function send(operation, inputs, body, make) {
  const query = new URLSearchParams();
  const headers = {};
  let path = operation.path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (parameter.in === "header") headers[parameter.name] = input.value;
    else query.append(parameter.name, input.value);
  }
  const address = query.size ? `${path}?${query}` : path;
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const started = performance.now();
  try {
    const response = await fetch(address, { method: operation.method.toUpperCase(), headers, body });
    const text = await response.text();
    const took = Math.round(performance.now() - started);
    const told = TOLD.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    return [make("p", {}, make("strong", { class: response.ok ? "good" : "bad" }, String(response.status)), ` ${address} · ${took} ms`),
      told.length ? make("p", { class: "type" }, told.join(" · ")) : "",
      make("pre", { tabindex: "0" }, make("code", {}, shown(text)))];
  } catch (error) {
    return [make("p", { class: "bad" }, `The call failed: ${error.message}`)];
  }
}

function shown(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || "(no body)";
  }
}
