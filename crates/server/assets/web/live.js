// Parts that stay current: the page is read again, and the parts with the same id are replaced. The server renders them once
// and for all; nothing is drawn a second way here.

import * as clock from "./clock.js";

async function refresh(parts) {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (response.redirected) location.reload();
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of parts) {
        const next = fresh.getElementById(part.id);
        // What the reader has opened, or is typing in, stays as it is.
        if (next && !part.querySelector("details[open]") && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
    }
    clock.localise();
}

/** Keeps every `[data-live]` current, at the shortest interval that one of them asks for. */
export function start() {
    const parts = [...document.querySelectorAll("[data-live]")];
    if (parts.length === 0) return;
    const every = Math.min(...parts.map((part) => Number(part.dataset.live)));
    const again = async () => {
        if (!document.hidden) await refresh(parts).catch(() => {});
        setTimeout(again, every);
    };
    setTimeout(again, every);
}
