// Shows /openapi.json. Whatever the document says is text here: nothing of it becomes markup, script or address.

import { calling, tokenField } from "/docs/calling.js";
import { LANGUAGES, isGuarded, parts } from "/docs/samples.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element with text and children; attributes are ours, contents never parsed. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  return put(element, ...children);
}

/** Appends what there is; what is not there must not become the word for it. */
function put(element, ...children) {
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** The little Markdown that descriptions use: paragraphs, `code`, **strong**. */
function prose(text) {
  const paragraphs = String(text ?? "").split("\n\n").filter(Boolean);
  return paragraphs.map((paragraph) => make("p", {}, ...inline(paragraph)));
}

function inline(text) {
  return text.split(/(\*\*[^*]*\*\*|`[^`]*`)/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return make("strong", {}, ...inline(part.slice(2, -2)));
    return part;
  });
}

function anchor(id) {
  return `op-${String(id).replace(/[^A-Za-z0-9_-]/g, "-")}`;
}

class Reference {
  constructor(document_) {
    this.document = document_;
  }

  resolve(value) {
    let found = value;
    for (let depth = 0; found?.$ref && depth < 16; depth += 1) {
      found = found.$ref.split("/").slice(1).reduce((at, part) => at?.[part.replace(/~1/g, "/").replace(/~0/g, "~")], this.document);
    }
    return found ?? {};
  }

  operations() {
    const all = [];
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const method of METHODS) {
        if (item[method]) all.push({ path, method, ...item[method] });
      }
    }
    return all;
  }

  /** A schema in a few words. */
  typeOf(schema) {
    if (schema?.$ref) {
      const name = schema.$ref.split("/").pop();
      return make("a", { href: `#schema-${anchor(name)}` }, name);
    }
    const kinds = [].concat(schema?.type ?? []);
    const parts = [];
    if (schema?.const !== undefined) parts.push(JSON.stringify(schema.const));
    else if (schema?.enum) parts.push(schema.enum.map((word) => JSON.stringify(word)).join(" | "));
    else if (schema?.anyOf || schema?.oneOf) {
      const span = make("span", {});
      (schema.anyOf ?? schema.oneOf).forEach((one, at) => span.append(at ? " or " : "", this.typeOf(one)));
      return span;
    } else if (kinds.includes("array")) return make("span", {}, "array of ", this.typeOf(schema.items));
    else parts.push(kinds.join(" or ") || "anything");
    if (schema?.format && !schema.format.startsWith("int") && !schema.format.startsWith("uint")) parts.push(`(${schema.format})`);
    const bounds = [["minimum", "≥"], ["maximum", "≤"], ["minLength", "length ≥"], ["maxLength", "length ≤"]];
    for (const [key, sign] of bounds) {
      const isWide = Math.abs(schema?.[key]) >= Number.MAX_SAFE_INTEGER;
      if (schema?.[key] !== undefined && !isWide) parts.push(`${sign} ${schema[key]}`);
    }
    return make("span", {}, parts.join(" "));
  }

  fields(schema) {
    const { properties = {}, required = [] } = this.resolve(schema);
    const rows = Object.entries(properties).map(([name, field]) => {
      const type = make("span", { class: "type" }, this.typeOf(field), required.includes(name) ? " · required" : "");
      return make("tr", {}, make("td", {}, make("code", {}, name)), make("td", {}, type, ...prose(field.description)));
    });
    return rows.length ? make("table", {}, make("tbody", {}, ...rows)) : undefined;
  }

  parameters(operation) {
    if (!operation.parameters?.length) return [];
    const rows = operation.parameters.map((parameter) => make("tr", {},
      make("td", {}, make("code", {}, parameter.name)),
      make("td", { class: "type" }, parameter.in, parameter.required ? " · required" : ""),
      make("td", {}, make("span", { class: "type" }, this.typeOf(parameter.schema)), ...prose(parameter.description))));
    const head = make("tr", {}, ...["Name", "In", "What"].map((title) => make("th", { scope: "col" }, title)));
    return [make("h4", {}, "Parameters"), make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))];
  }

  body(operation) {
    const media = operation.requestBody?.content?.["application/json"];
    if (!media) return [];
    const title = operation.requestBody.required ? "Body" : "Body (may be left out)";
    return [make("h4", {}, title), this.fields(media.schema), code(pretty(media.example))];
  }

  responses(operation) {
    const entries = Object.entries(operation.responses).map(([status, given]) => {
      const response = this.resolve(given);
      const details = make("details", { open: status < "300" },
        make("summary", {}, make("span", { class: "status" }, status), ...inline(response.description ?? "")));
      const headers = Object.keys(response.headers ?? {});
      if (headers.length) put(details, make("p", { class: "type" }, "Headers: ", headers.join(", ")));
      for (const [type, media] of Object.entries(response.content ?? {})) {
        const schema = media["x-schema"] ?? media.schema;
        put(details, make("p", { class: "type" }, type, " ", schema?.$ref ? this.typeOf(schema) : ""));
        const examples = media.example !== undefined ? [media.example]
          : Object.values(media.examples ?? {}).map((example) => this.resolve(example).value);
        examples.forEach((example) => put(details, code(typeof example === "string" ? example : pretty(example))));
      }
      for (const [name, link] of Object.entries(response.links ?? {})) {
        const target = make("a", { href: `#${anchor(link.operationId)}` }, link.operationId);
        put(details, make("p", { class: "type" }, `Next: ${name} → `, target));
      }
      return details;
    });
    return [make("h4", {}, "Answers"), ...entries];
  }

  /** The call of an operation, in the chosen language. */
  command(operation) {
    const sample = make("div", { class: "sample" });
    sample.show = () => sample.replaceChildren(copied(LANGUAGES[chosen](parts(operation, location.origin))));
    sample.show();
    return sample;
  }

  /** Where the `$TOKEN` of the commands comes from. */
  token() {
    const shop = location.origin;
    const json = "-H 'content-type: application/json'";
    const login = (email, password) => `TOKEN=$(curl -sS ${shop}/api/auth/login ${json} \\\n` +
      `  -d '{"email": "${email}", "password": "${password}"}' |\n  grep -o '"accessToken":"[^"]*' | cut -d'"' -f4)`;
    return make("section", { id: "token" }, make("h2", {}, "Authentication"),
      make("p", {}, "Every call names its caller by a bearer token in ", make("code", {}, "Authorization"), ". The samples on this page take it from ",
        make("code", {}, "$TOKEN"), ". A browser may have it as a cookie instead: ", make("code", {}, "POST /api/auth/session"), ". A customer registers once and logs in:"),
      copied(`curl -sS ${shop}/api/users ${json} \\\n` +
        `  -d '{"email": "ann@example.com", "password": "correct horse battery", "name": "Ann"}'\n` +
        login("ann@example.com", "correct horse battery")),
      make("p", {}, "An admin logs in with the password that the shop printed when it first started, or was given as ",
        make("code", {}, "DOORBUSTER__ADMIN__PASSWORD"), ":"),
      copied(login("admin@doorbuster.local", "…")),
      make("p", {}, "On the shop's machine, in the folder that it was started in, the program makes one of any role:"),
      copied("TOKEN=$(doorbuster token --role admin --user 1)"),
      make("h3", {}, "Roles"),
      make("p", {}, "On the paths of administration a viewer reads, an operator also does the daily work, and an admin does everything. Each operation there says whom it is for. A role that was taken away is gone with the next request."),
      make("h3", {}, "Programs"),
      make("p", {}, "A program sends an API key in the same place. An admin makes it with scopes and can revoke it at once; it is shown only once:"),
      copied(`curl -sS ${shop}/api/admin/api-keys -H "authorization: Bearer $TOKEN" ${json} \\\n` +
        `  -d '{"name": "Warehouse", "scopes": ["orders:write", "products:read"]}'`),
      make("h3", {}, "Another identity provider"),
      make("p", {}, "With ", make("code", {}, "auth.jwks.url"), " the shop accepts the tokens of your identity provider (RS256, ES256), too: see ",
        make("a", { href: "/docs/people" }, "People, roles and keys"), "."),
      tokenField(make));
  }

  article(operation) {
    const notes = [];
    if (operation.deprecated) notes.push(make("span", { class: "note" }, "another spelling"));
    if (isGuarded(operation)) {
      const whose = operation.path.startsWith("/api/admin/") ? "an admin's token" : "a token";
      notes.push(make("a", { class: "note", href: "#token" }, whose));
    }
    const article = make("article", { id: anchor(operation.operationId), "aria-label": operation.summary },
      make("h3", {}, operation.summary, ...notes),
      make("p", { class: "path" }, method(operation.method), operation.path),
      ...prose(operation.description), this.command(operation), calling(operation, make),
      ...this.parameters(operation), ...this.body(operation), ...this.responses(operation));
    article.dataset.words = JSON.stringify(operation).toLowerCase();
    return article;
  }

  codes() {
    const rows = (this.document["x-codes"] ?? []).map((entry) => make("tr", {},
      make("td", {}, make("code", {}, entry.code)), make("td", {}, String(entry.status)),
      make("td", {}, entry.title), make("td", {}, entry.retryable ? "yes" : "")));
    const head = make("tr", {}, ...["Code", "Status", "What happened", "Again?"].map((title) => make("th", { scope: "col" }, title)));
    return make("section", { id: "codes" }, make("h2", {}, "Codes"),
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  schemas() {
    const entries = Object.entries(this.document.components.schemas).map(([name, schema]) =>
      make("article", { id: `schema-${anchor(name)}` }, make("h3", {}, name), ...prose(schema.description),
        schema.properties ? this.fields(schema) : make("p", { class: "type" }, this.typeOf(schema)),
        code(pretty(schema.examples?.[0]))));
    return make("section", { id: "schemas" }, make("h2", {}, "Schemas"), ...entries);
  }

  render() {
    const { info, tags } = this.document;
    const content = document.getElementById("content");
    const contents = document.getElementById("contents");
    document.getElementById("version").textContent = info.version;
    content.replaceChildren(make("h1", { id: "top" }, `${info.title} API`), ...prose(info.description),
      make("p", {}, "The document: ", make("a", { href: "/openapi.json" }, "/openapi.json"), " · ", make("a", { href: "/docs/index" }, "The manual")),
      languages(), this.token());
    const operations = this.operations();
    for (const tag of tags) {
      const all = operations.filter((operation) => operation.tags?.includes(tag.name));
      const chapter = [...all.filter((one) => !one.deprecated), ...all.filter((one) => one.deprecated)];
      const links = chapter.map((operation) => make("li", {},
        make("a", { href: `#${anchor(operation.operationId)}` }, method(operation.method), operation.summary,
          operation.deprecated ? make("span", { class: "type" }, " (another spelling)") : "")));
      contents.append(make("h2", {}, tag.name), make("ul", {}, ...links));
      content.append(make("section", {}, make("h2", {}, tag.name), ...prose(tag.description),
        ...chapter.map((operation) => this.article(operation))));
    }
    const rest = [["token", "Authentication"], ["codes", "Codes"], ["schemas", "Schemas"]];
    contents.append(make("h2", {}, "Shared"), make("ul", {}, ...rest.map(([id, title]) =>
      make("li", {}, make("a", { href: `#${id}` }, title)))));
    content.append(this.codes(), this.schemas());
  }
}

let chosen = "curl";

/** The choice of the language of all samples. */
function languages() {
  const choice = make("select", {}, ...Object.keys(LANGUAGES).map((name) => make("option", {}, name)));
  choice.addEventListener("change", () => {
    chosen = choice.value;
    for (const sample of document.querySelectorAll(".sample")) sample.show();
  });
  return make("label", { class: "language" }, "Samples in ", choice);
}

function method(name) {
  return make("span", { class: `method ${METHODS.includes(name) ? name : ""}` }, name.toUpperCase());
}

function pretty(value) {
  return JSON.stringify(value, null, 2) ?? "";
}

function code(text) {
  return text ? make("pre", { tabindex: "0" }, make("code", {}, text)) : undefined;
}

function copied(text) {
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return make("div", { class: "copied" }, code(text), button);
}

/** Hides what does not hold all the words that are looked for. */
function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const article of document.querySelectorAll("article[data-words]")) {
    article.hidden = !words.every((word) => article.dataset.words.includes(word));
    const link = document.querySelector(`nav a[href="#${article.id}"]`);
    if (link) link.parentElement.hidden = article.hidden;
  }
}

function follow() {
  for (const link of document.querySelectorAll("nav a[aria-current]")) link.removeAttribute("aria-current");
  const id = decodeURIComponent(location.hash.slice(1));
  const link = [...document.querySelectorAll("nav a")].find((one) => one.getAttribute("href") === `#${id}`);
  link?.setAttribute("aria-current", "true");
}

async function start() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
    new Reference(await answer.json()).render();
  } catch (error) {
    state.textContent = `The document could not be shown: ${error.message}`;
    return;
  }
  const input = document.getElementById("find");
  input.addEventListener("input", () => find(input.value));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement?.tagName !== "INPUT") {
      event.preventDefault();
      input.focus();
    }
  });
  addEventListener("hashchange", follow);
  follow();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
}

start();
