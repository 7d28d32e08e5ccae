// Moments: countdowns, and times in the reader's own zone.

import { language } from "./api.js";

const plural = (value, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" }).format(value);
const two = (value) => String(value).padStart(2, "0");

function remaining(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const days = Math.floor(seconds / 86400);
    const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return days > 0 ? `${plural(days, "day")} ${clock}` : clock;
}

const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** Shows every `<time data-time=at>` in the reader's zone. */
export function localise() {
    document.querySelectorAll("time[data-time=at]").forEach((element) => (element.textContent = format.format(Date.parse(element.dateTime))));
}

/** Counts down every `<time data-time=until>`, and reloads the page when one is reached. */
export function start() {
    localise();
    const waiting = [...document.querySelectorAll("time[data-time=until]")];
    if (waiting.length === 0) return;
    const tick = () => {
        const now = Date.now();
        // A moment may be moved meanwhile.
        const moments = waiting.map((element) => ({ element, at: Date.parse(element.dateTime) }));
        for (const { element, at } of moments) {
            element.textContent = remaining(at - now);
            element.title = format.format(at);
        }
        const reached = moments.some(({ at }) => at <= now && at > now - 1000);
        if (reached) setTimeout(() => location.reload(), 500);
    };
    tick();
    setInterval(tick, 1000);
}
