// The manual's search: the index is read when somebody searches, and looked through here.

const FOUND_MAX = 20;
const input = document.querySelector("[data-search]");
const list = document.querySelector("ol.found");
let index;

async function entries() {
    index ??= fetch(input.dataset.search).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)));
    try {
        return await index;
    } catch {
        index = undefined; // The next search asks again.
        return [];
    }
}

/** How well a section fits: titles count more than text; 0 where a word is missing. */
function score(entry, words) {
    const [page, title, text] = [entry.page, entry.title, entry.text].map((part) => part.toLowerCase());
    let sum = 0;
    for (const word of words) {
        const fit = (title.includes(word) ? 8 : 0) + (page.includes(word) ? 4 : 0) + (text.includes(word) ? 1 : 0);
        if (!fit) return 0;
        sum += fit;
    }
    return sum;
}

/** The text around the first word that is found in it; the beginning if none is. */
function around(text, words) {
    const lower = text.toLowerCase();
    const found = words.map((word) => lower.indexOf(word)).filter((place) => place >= 0);
    const at = found.length ? Math.max(0, Math.min(...found) - 40) : 0;
    const part = text.slice(at, at + 140).trim();
    return part && `${at > 0 ? "…" : ""}${part}…`;
}

function item(entry, words) {
    const link = document.createElement("a");
    link.href = entry.path;
    const title = document.createElement("strong");
    title.textContent = entry.title === entry.page ? entry.title : `${entry.page}: ${entry.title}`;
    const text = document.createElement("span");
    text.textContent = around(entry.text, words);
    link.append(title, text);
    const row = document.createElement("li");
    row.append(link);
    return row;
}

async function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.hidden = words.length === 0;
    if (list.hidden) return;
    const scored = (await entries()).map((entry) => ({ entry, score: score(entry, words) })).filter((one) => one.score > 0);
    scored.sort((one, other) => other.score - one.score);
    list.replaceChildren(...scored.slice(0, FOUND_MAX).map((one) => item(one.entry, words)));
    if (!scored.length) {
        const nothing = document.createElement("li");
        nothing.textContent = "—";
        list.append(nothing);
    }
}

input?.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement?.tagName)) {
        event.preventDefault();
        input?.focus();
    }
});
