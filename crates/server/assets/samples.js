// An operation as a call in several languages. All values come from the document, and are quoted as each language wants.

/** The languages of samples, by the name that the choice shows. */
export const LANGUAGES = { curl: shell, TypeScript: typescript, Java: java, Python: python };

/** The parts of an example call: its address, its headers, and its body as JSON. */
export function parts(operation, origin) {
  let path = operation.path;
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(parameter.example ?? "…"));
  }
  const media = operation.requestBody?.content?.["application/json"];
  return {
    method: operation.method.toUpperCase(),
    url: origin + path,
    isGuarded: isGuarded(operation),
    isRepeatable: operation.method === "post" && (operation.parameters ?? []).some(({ name }) => name.toLowerCase() === "idempotency-key"),
    body: media?.example,
  };
}

function shell({ method, url, isGuarded, isRepeatable, body }) {
  const quoted = (text) => `'${String(text).replace(/'/g, "'\\''")}'`;
  const lines = [`curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`];
  if (isGuarded) lines.push(`-H "authorization: Bearer $TOKEN"`);
  if (body !== undefined) {
    lines.push(`-H 'content-type: application/json'`);
    if (isRepeatable) lines.push(`-H 'idempotency-key: "choose-one"'`);
    lines.push(`-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

function typescript({ method, url, isGuarded, isRepeatable, body }) {
  const headers = [];
  if (isGuarded) headers.push("    authorization: `Bearer ${process.env.TOKEN}`,");
  if (body !== undefined) headers.push('    "content-type": "application/json",');
  if (isRepeatable) headers.push('    "idempotency-key": `"${crypto.randomUUID()}"`,');
  const lines = [`const response = await fetch(${JSON.stringify(url)}, {`, `  method: ${JSON.stringify(method)},`];
  if (headers.length) lines.push("  headers: {", ...headers, "  },");
  if (body !== undefined) lines.push(`  body: JSON.stringify(${indented(JSON.stringify(body, null, 2), "  ")}),`);
  lines.push("});", "const answer = await response.text();", "if (!response.ok) throw new Error(answer);", "console.log(response.status, answer);");
  return lines.join("\n");
}

function java({ method, url, isGuarded, isRepeatable, body }) {
  const text = (value) => JSON.stringify(value);
  const lines = ["import java.net.URI;", "import java.net.http.*;"];
  if (isRepeatable) lines.push("import java.util.UUID;");
  lines.push("", `var request = HttpRequest.newBuilder(URI.create(${text(url)}))`);
  if (isGuarded) lines.push('    .header("authorization", "Bearer " + System.getenv("TOKEN"))');
  if (body !== undefined) lines.push('    .header("content-type", "application/json")');
  if (isRepeatable) lines.push('    .header("idempotency-key", "\\"" + UUID.randomUUID() + "\\"")');
  if (body === undefined) lines.push(`    .method(${text(method)}, HttpRequest.BodyPublishers.noBody())`);
  else {
    const block = JSON.stringify(body, null, 2).replace(/\\/g, "\\\\").replace(/"""/g, '\\"""');
    lines.push(`    .method(${text(method)}, HttpRequest.BodyPublishers.ofString("""`, `        ${indented(block, "        ")}"""))`);
  }
  lines.push("    .build();", "var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());",
    'System.out.println(response.statusCode() + " " + response.body());');
  return lines.join("\n");
}

function python({ method, url, isGuarded, isRepeatable, body }) {
  const headers = [];
  if (isGuarded) headers.push('        "authorization": f"Bearer {os.environ[\'TOKEN\']}",');
  if (body !== undefined) headers.push('        "content-type": "application/json",');
  if (isRepeatable) headers.push("        \"idempotency-key\": f'\"{uuid.uuid4()}\"',");
  const modules = [...(body === undefined ? [] : ["json"]), ...(isGuarded ? ["os"] : []), "urllib.request", ...(isRepeatable ? ["uuid"] : [])];
  const lines = [`import ${modules.join(", ")}`, "", "request = urllib.request.Request(", `    ${JSON.stringify(url)},`, `    method=${JSON.stringify(method)},`];
  if (headers.length) lines.push("    headers={", ...headers, "    },");
  if (body !== undefined) lines.push(`    data=json.dumps(${indented(literal(body), "    ")}).encode(),`);
  lines.push(")", "with urllib.request.urlopen(request) as response:", "    print(response.status, response.read().decode())");
  return lines.join("\n");
}

/** JSON as Python writes it. */
function literal(value, indent = "") {
  if (value === null) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const rows = Array.isArray(value)
    ? value.map((item) => inner + literal(item, inner))
    : Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${literal(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return rows.length ? `${open}\n${rows.join(",\n")},\n${indent}${close}` : open + close;
}

function indented(text, by) {
  return text.replace(/\n/g, `\n${by}`);
}

/** True if a call of the operation needs a token. */
export function isGuarded(operation) {
  return Boolean(operation.security?.length);
}
