// Plays a k6 script a few times, one iteration after the other, where k6 itself is not available: k6.mjs SCRIPT ITERATIONS.
// It has the part of k6's modules that the scripts use; requests are curl's, because k6's are synchronous. Thresholds on times are not checked.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const expected = new Set();
const failures = [];
let iteration = 0;
let checks = 0;

function answer(status, body) {
  const json = (path) => {
    const document = JSON.parse(body);
    return path === undefined ? document : path.split(".").reduce((value, name) => value?.[name], document);
  };
  if (!expected.has(status)) failures.push(`unexpected ${status}: ${body}`);
  return { status, body, json };
}

function request(method, url, body, params = {}) {
  const headers = Object.entries(params.headers ?? {}).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const data = body === undefined ? [] : ["--data", body];
  const text = execFileSync("curl", ["--silent", "--show-error", "-X", method, url, "--write-out", "\n%{http_code}", ...headers, ...data], { encoding: "utf8" });
  const end = text.lastIndexOf("\n");
  return answer(Number(text.slice(end + 1)), text.slice(0, end));
}

const base64 = (text, variant) => Buffer.from(text).toString(variant === "rawurl" ? "base64url" : "base64");
const check = (value, conditions) => {
  for (const [name, condition] of Object.entries(conditions)) {
    checks += 1;
    if (!condition(value)) failures.push(name);
  }
};
class Metric { add() {} }

globalThis.__ENV = { ...process.env };
globalThis.standIn = {
  "k6": { check, sleep() {} },
  "k6/http": {
    default: {
      get: (url, params) => request("GET", url, undefined, params),
      post: (url, body, params) => request("POST", url, body, params),
      setResponseCallback() {},
      expectedStatuses: (...statuses) => statuses.forEach((status) => expected.add(status)),
    },
  },
  "k6/crypto": { default: { hmac: (hash, secret, text) => createHmac(hash, secret).update(text).digest("base64url") } },
  "k6/encoding": { default: { b64encode: base64 } },
  "k6/metrics": { Counter: Metric, Trend: Metric, Rate: Metric },
  "k6/execution": {
    default: {
      get scenario() { return { iterationInTest: iteration }; },
      get vu() { return { idInTest: 1, iterationInScenario: iteration }; },
    },
  },
};

const hooks = `
export async function resolve(name, context, next) {
  if (!/^k6(\\/|$)/.test(name)) return next(name, context);
  const exported = ${JSON.stringify(Object.fromEntries(Object.entries(standIn).map(([name, module]) => [name, Object.keys(module)])))}[name];
  if (!exported) throw new Error("the stand-in has no " + name);
  const lines = exported.map((part) => part === "default"
    ? 'export default standIn["' + name + '"].default;' : 'export const ' + part + ' = standIn["' + name + '"].' + part + ';');
  return { url: "data:text/javascript," + encodeURIComponent(lines.join("\\n")), shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const [file, iterations] = process.argv.slice(2);
const script = await import(pathToFileURL(file));
const data = script.setup?.();
for (; iteration < Number(iterations); iteration += 1) script.default(data);
script.teardown?.(data);
console.log(`${iterations} iterations, ${checks} checks, ${failures.length} failures`);
if (failures.length > 0) {
  console.error([...new Set(failures)].join("\n"));
  process.exit(1);
}
