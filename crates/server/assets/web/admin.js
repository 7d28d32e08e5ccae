// The dashboard: parts that stay current, and forms that call the admin API.

import { call, post } from "./api.js";
import * as clock from "./clock.js";
import * as live from "./live.js";
import { acting, each } from "./page.js";

const read = {
    number: Number,
    moment: (text) => new Date(text).toISOString(),
    json: (text, field) => {
        try {
            return JSON.parse(text);
        } catch {
            throw new Error(field.dataset.unreadable);
        }
    },
    list: (text) => text.split(",").map((part) => part.trim()).filter(Boolean),
};

/**
 * Returns the body that a form describes: dots in names lead into objects and lists, and empty fields are left out. A field that
 * shows what is there is sent if it was changed, and as null if it was emptied.
 */
function body(form) {
    const whole = {};
    for (const field of form.elements) {
        const isKept = field.dataset.kept !== undefined;
        if (!field.name || (isKept ? field.value === field.defaultValue : field.value === "")) continue;
        const path = field.name.split(".");
        const last = path.pop();
        let part = whole;
        for (const [place, name] of path.entries()) part = part[name] ??= /^\d+$/.test(path[place + 1] ?? last) ? [] : {};
        part[last] = field.value === "" ? null : (read[field.dataset.kind] ?? String)(field.value, field);
    }
    return whole;
}

each("form[data-path]", (form) => {
    const key = crypto.randomUUID();
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        acting(form.querySelector("button"), async () => {
            const { method, path, shows, next, unkeyed } = form.dataset;
            const isKeyed = method === "POST" && unkeyed === undefined;
            const answer = isKeyed ? await post(path, body(form), key) : await call(method, path, body(form));
            if (shows && answer?.[shows]) {
                const output = form.querySelector("output");
                output.textContent = answer[shows];
                output.parentElement.hidden = false;
                form.querySelector("button").hidden = true;
                return;
            }
            // What was removed has no page any more.
            const isOwnPage = location.pathname.endsWith(path.slice(path.lastIndexOf("/")));
            if (method === "DELETE" && isOwnPage) location.assign(location.pathname.replace(/\/[^/]+$/, ""));
            else if (next) location.assign(next);
            else location.reload();
        });
    });
});

clock.start();
live.start();
