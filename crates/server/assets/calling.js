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

function isEndless({ responses }) {
  return "101" in responses || Object.values(responses).some(({ content }) => content?.["text/event-stream"]);
}

function fields(operation, make) {
  const inputs = (operation.parameters ?? []).filter(({ in: place }) => place === "path" || place === "query").map((parameter) => {
    const isPath = parameter.in === "path";
    const input = make("input", { autocomplete: "off", spellcheck: "false", value: isPath ? String(parameter.example ?? "") : undefined });
    return { parameter, input, label: make("label", {}, make("span", {}, make("code", {}, parameter.name), isPath ? " in the path" : ""), input) };
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
  let path = operation.path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.append(parameter.name, input.value);
  }
  const address = query.size ? `${path}?${query}` : path;
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const started = performance.now();
  try {
    const response = await fetch(address, { method: operation.method.toUpperCase(), headers, body });
    const text = await response.text();
    const took = Math.round(performance.now() - started);
    return [make("p", {}, make("strong", { class: response.ok ? "good" : "bad" }, String(response.status)), ` ${address} · ${took} ms`),
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
