//! A picture for a product that has none: a poster drawn from its number, the same on every visit.

use domain::ids::ProductId;
use maud::{Markup, html};

/// Ground, figure and accent of a poster.
const PALETTES: [[&str; 3]; 8] = [
    ["#e9dcc3", "#1f2a44", "#d8341b"],
    ["#1f2a44", "#f0b840", "#e9dcc3"],
    ["#d8341b", "#f6f3ed", "#17140f"],
    ["#c9d3c0", "#24493b", "#f0b840"],
    ["#24493b", "#e9dcc3", "#e8795a"],
    ["#f0b840", "#17140f", "#d8341b"],
    ["#b9cbd9", "#17314a", "#e8795a"],
    ["#17140f", "#d8d0c0", "#e8795a"],
];

/// Returns the poster of a product.
pub(crate) fn poster(product: ProductId) -> Markup {
    let number = product.0.unsigned_abs();
    let [ground, figure, accent] = PALETTES[(number % 8) as usize];
    html! {
        svg viewBox="0 0 400 500" role="presentation" focusable="false" preserveAspectRatio="xMidYMid slice" {
            rect width="400" height="500" fill=(ground) {}
            @match number / 8 * 3 % 4 + number % 4 {
                0 | 4 => (arcs(figure, accent)),
                1 | 5 => (sun(figure, accent)),
                2 | 6 => (stairs(figure, accent)),
                _ => (tiles(figure, accent)),
            }
            rect x="0" y="440" width="400" height="60" fill=(ground) {}
            text x="28" y="478" font-family="ui-monospace, monospace" font-size="22" font-weight="700" fill=(figure) {
                "No. " (format!("{number:03}"))
            }
        }
    }
}

fn arcs(figure: &str, accent: &str) -> Markup {
    html! {
        g fill="none" stroke=(figure) stroke-width="34" {
            @for radius in [60, 128, 196, 264] {
                circle cx="400" cy="130" r=(radius) {}
            }
        }
        circle cx="96" cy="330" r="58" fill=(accent) {}
    }
}

fn sun(figure: &str, accent: &str) -> Markup {
    html! {
        circle cx="200" cy="210" r="132" fill=(accent) {}
        g fill=(figure) {
            @for row in 0..6 {
                rect x="0" y=(230 + row * 32) width="400" height=(6 + row * 5) {}
            }
        }
    }
}

fn stairs(figure: &str, accent: &str) -> Markup {
    html! {
        g fill=(figure) {
            @for step in 0..5 {
                rect x=(step * 80) y=(320 - step * 70) width="80" height=(180 + step * 70) opacity=(format!("0.{}", 9 - step)) {}
            }
        }
        circle cx="108" cy="120" r="64" fill=(accent) {}
    }
}

fn tiles(figure: &str, accent: &str) -> Markup {
    // Each tile is a quarter of a circle; the turns repeat after five tiles, so that rows differ.
    const TURNS: [u32; 5] = [0, 180, 90, 270, 180];
    html! {
        @for place in 0..12_usize {
            path
                transform=(format!("translate({} {}) rotate({} 66.7 55)", place % 3 * 133, place / 3 * 110, TURNS[place % 5]))
                d="M11.7 0h110v110a110 110 0 0 1-110-110z"
                fill=(if place % 7 == 3 { accent } else { figure }) {}
        }
    }
}
