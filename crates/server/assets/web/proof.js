// The proof of a drop, checked by the browser: every link has the hash of the link before and of its own fields.

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (data) => hex(await crypto.subtle.digest("SHA-256", typeof data === "string" ? new TextEncoder().encode(data) : data));

/** Microseconds since 1970; a `Date` has milliseconds only. */
function micros(at) {
    const [, whole, fraction = ""] = /^([^.]+?)(?:\.(\d+))?Z$/.exec(at);
    return BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

function ensure(fits) {
    if (!fits) throw new Error("flaw");
}

/** Returns the number of links; throws if the seed, a link, who was drawn, the end or the receipt does not fit. */
export async function verify(text, receipt) {
    const [drop, ...links] = text.trim().split("\n").map((line) => JSON.parse(line));
    if (drop.seed) ensure((await sha256(Uint8Array.from(drop.seed.match(/../g), (byte) => parseInt(byte, 16)))) === drop.seedCommitment);
    let head = await sha256(`doorbuster drop ${drop.dropId}\n${drop.seedCommitment}`);
    for (const [place, link] of links.entries()) {
        const hash = await sha256([head, link.number, micros(link.at), link.customer, link.kind, link.subject].join("\n"));
        ensure(link.number === place + 1 && link.previousHash === head && link.hash === hash);
        head = hash;
    }
    if (drop.drawn !== undefined) {
        // A seed draws those who joined before the start, and no others.
        const joins = links.filter((link) => link.kind === "JOINED");
        const start = micros(drop.startsAt);
        ensure(joins.length >= drop.drawn && joins.every((link, place) => link.subject === place + 1 && place < drop.drawn === micros(link.at) < start));
    }
    ensure(drop.entries === links.length && drop.head === head);
    if (receipt) ensure(links[receipt.number - 1]?.hash === receipt.hash && links.slice(receipt.number - 1).some((link) => link.hash === receipt.head));
    return links.length;
}
