// Calls of the public API from the shop's pages. The session cookie goes with each of them.

/** A problem document of the API, with the text to show. */
export class Refused extends Error {
    constructor(problem, status) {
        super(problem.errors?.[0]?.detail ? `${problem.detail ?? problem.title} ${problem.errors[0].detail}` : (problem.detail ?? problem.title));
        this.code = problem.code;
        this.status = status;
    }
}

/** The language of the page; answers come in it. */
export const language = document.documentElement.lang || "en";

/** Sends a request and returns its JSON; throws a `Refused` for a problem. */
export async function call(method, path, body, headers = {}) {
    const response = await fetch(path, {
        method,
        headers: {
            "accept-language": language,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const answer = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : {};
    if (!response.ok) throw new Refused(answer, response.status);
    return answer;
}

export const get = (path) => call("GET", path);

/** Posts under a key, so that a repeat after a lost answer changes nothing twice. */
export function post(path, body = {}, key = crypto.randomUUID(), headers = {}) {
    return call("POST", path, body, { "idempotency-key": `"${key}"`, ...headers });
}
