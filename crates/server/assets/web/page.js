// What every page shares: where a message is shown, how an action runs, the language, logging out.

import { Refused, call } from "./api.js";

export const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

/** Says how something went, in the nearest place for it. */
export function say(from, text, kind) {
    const place = from.closest("form, .ticket, section, main, body").querySelector(".say");
    place.className = `say ${kind}`;
    place.textContent = text;
}

/** Runs an action once at a time; shows why it was refused. */
export async function acting(button, act) {
    if (button.disabled) return;
    button.disabled = true;
    try {
        await act();
    } catch (error) {
        if (error instanceof Refused && error.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
        else say(button, error.message, "bad");
        button.disabled = false;
    }
}

// The language: kept in a cookie, which the server reads.
each("[data-language]", (link) =>
    link.addEventListener("click", (event) => {
        event.preventDefault();
        document.cookie = `doorbuster_language=${link.dataset.language}; Path=/; Max-Age=31536000; SameSite=Lax`;
        location.reload();
    }),
);

each("[data-log-out]", (button) =>
    button.addEventListener("click", () =>
        acting(button, async () => {
            await call("DELETE", "/api/auth/session");
            location.assign("/");
        }),
    ),
);
