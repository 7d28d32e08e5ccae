// An identity provider for .ci/browser: prints its port, shows a page for logging in, and signs ID tokens with a key of its own.
// Its pages are at localhost, so that it is another site for a browser than a shop at 127.0.0.1.

import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "RS256" };
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const nonces = new Map();

function token(nonce) {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const claims = { iss: "https://id.example.com", aud: "doorbuster", sub: "ann", name: "Ann", role: "operator", nonce, exp };
    const message = `${encoded({ alg: "RS256", kid: "k" })}.${encoded(claims)}`;
    return `${message}.${sign("sha256", Buffer.from(message), privateKey).toString("base64url")}`;
}

const server = createServer(async (request, answer) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname === "/keys") return answer.end(JSON.stringify({ keys: [key] }));
    if (pathname === "/authorize") {
        const code = `code-${nonces.size}`;
        nonces.set(code, searchParams.get("nonce"));
        const back = `${searchParams.get("redirect_uri")}?code=${code}&state=${searchParams.get("state")}`;
        answer.setHeader("content-type", "text/html");
        return answer.end(`<link rel="icon" href="data:,"><a href="${back}">Continue as Ann</a>`);
    }
    let form = "";
    for await (const part of request) form += part;
    const nonce = nonces.get(new URLSearchParams(form).get("code"));
    answer.statusCode = nonce ? 200 : 400;
    answer.end(JSON.stringify(nonce ? { id_token: token(nonce) } : { error: "invalid_grant" }));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
