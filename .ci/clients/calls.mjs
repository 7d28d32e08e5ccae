// Compares httpYac's responses (its --json, on the standard input) with the expectations in docs/api.http.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const source = readFileSync(process.argv[2], "utf8");
const expected = source.split("\n### ").slice(1).map((call) => ({
  title: call.split("\n")[0],
  status: Number(/^# expect (\d+)$/m.exec(call)?.[1]),
}));
const sent = JSON.parse(readFileSync(0, "utf8"));
assert.equal(sent.requests.length, expected.length);
assert.equal(sent.summary.erroredRequests + sent.summary.failedRequests + sent.summary.skippedRequests, 0, JSON.stringify(sent.summary));
sent.requests.forEach((request, at) => {
  // A WebSocket has no response here; the summary counts that it opened.
  const { title, status } = expected[at];
  if (status !== 101) assert.equal(request.response?.statusCode, status, `${title}: ${request.response?.body}`);
});
console.log(`${expected.length} calls have the responses that docs/api.http expects.`);
