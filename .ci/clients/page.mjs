// Builds the reference page like a browser: it must show the whole document, and no `undefined`.
import assert from "node:assert/strict";
import { JSDOM } from "jsdom";

const url = process.argv[2];
const get = async (path) => {
  const answer = await fetch(url + path);
  assert.equal(answer.status, 200, path);
  return answer.text();
};
// jsdom loads no modules: each import becomes the module's own text.
const inlined = async (text) => {
  let script = text;
  for (const [line, names, path] of text.matchAll(/^import (\{.*\}) from "(.*)";$/gm)) {
    const module = (await inlined(await get(path))).replace(/^export /gm, "");
    script = script.replace(line, () => `const ${names} = (() => { ${module}\nreturn ${names}; })();`);
  }
  return script;
};
const [page, reference, shown] = await Promise.all(["/docs", "/docs/reference.js", "/openapi.json"].map(get));
const script = await inlined(reference);
const errors = [];
const { window } = new JSDOM(page, { url: `${url}/docs`, runScripts: "outside-only", pretendToBeVisual: true });
window.addEventListener("error", (event) => errors.push(event.message));
window.fetch = async () => new Response(shown, { status: 200 });
window.eval(script);
for (let look = 0; !window.document.getElementById("schemas"); look += 1) {
  assert(look < 100, `the page is not built: ${window.document.getElementById("state")?.textContent} ${errors}`);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const text = window.document.body.textContent;
for (const word of ["undefined", "[object", "NaN"]) assert(!text.includes(word), `the page says ${word}`);
const operations = Object.values(JSON.parse(shown).paths).flatMap((item) => Object.values(item));
assert.equal(window.document.querySelectorAll("article[id^='op-']").length, operations.length);
for (const link of window.document.querySelectorAll("a[href^='#']")) {
  const id = link.getAttribute("href").slice(1);
  assert(window.document.getElementById(id), `#${id} has no target`);
}
assert(window.document.getElementById("token").textContent.includes("/api/auth/login"));
assert.deepEqual(errors, []);
window.close();
console.log(`${operations.length} operations are shown.`);
