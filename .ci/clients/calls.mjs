// Holds what httpYac was answered (its --json, on the standard input) against what docs/api.http expects.
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
  // A WebSocket has no answer of its own here: that it opened is what the summary counts.
  const { title, status } = expected[at];
  if (status !== 101) assert.equal(request.response?.statusCode, status, `${title}: ${request.response?.body}`);
});
console.log(`${expected.length} calls are answered as docs/api.http says.`);
