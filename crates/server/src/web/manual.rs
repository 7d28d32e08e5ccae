//! The manual: the repository's documentation as pages, with a search.

mod contents;
mod source;

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use maud::{Markup, PreEscaped, html};
use serde_json::json;

use self::contents::{Entry, chapters, decisions};
use self::source::{Page, address};
use super::layout::{Frame, answer, mark, nothing_here};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::texts::pages;

/// All pages, rendered when the first one is read.
static PAGES: LazyLock<Vec<Page>> = LazyLock::new(source::pages);

/// The chapters with their pages.
static CONTENTS: LazyLock<Vec<(&str, Vec<Entry<'static>>)>> = LazyLock::new(|| chapters(&PAGES));

/// The index of the search: every section with its text.
static INDEX: LazyLock<Bytes> = LazyLock::new(|| {
    let sections = PAGES.iter().flat_map(|page| page.sections.iter().map(move |section| (page, section)));
    let entries = sections.map(|(page, section)| {
        json!({"page": page.title, "path": address(page.path, &section.anchor), "title": section.title, "text": section.text})
    });
    Bytes::from(json!(entries.collect::<Vec<_>>()).to_string())
});

/// `GET /docs/index`.
pub(crate) async fn index(State(_): State<Shop>, reader: Reader) -> Response {
    let content = html! {
        h1 { "Manual" }
        p { "How the shop works and how it is run. The API has a " a href="/docs" { "reference" } " with examples to try." }
        @for (title, pages) in CONTENTS.iter() {
            h2 { (title) }
            ul.contents { @for Entry { page, says } in pages { li { a href=(address(page.path, "")) { (page.title) } " " span.soft { (says) } } } }
        }
        h2 #decisions { "Decisions" }
        ul.contents { @for page in decisions(&PAGES) { li { a href=(address(page.path, "")) { (page.title) } } } }
    };
    framed(&reader, "Manual", None, &content)
}

/// `GET /docs/{page}` and `/docs/{section}/{page}`: a page, or a picture of one.
pub(crate) async fn page(State(_): State<Shop>, reader: Reader) -> Response {
    let path = reader.path.strip_prefix("/docs/").unwrap_or_default();
    if let Some(picture) = source::picture(path) {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
            (
                CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            ),
        ];
        return (headers, picture).into_response();
    }
    let Some(page) = PAGES.iter().find(|page| page.path == path) else { return nothing_here(&reader) };
    let content = html! { article.manual { (PreEscaped(&page.html)) } };
    framed(&reader, &page.title, Some(page), &content)
}

/// `GET /docs/search.json`.
pub(crate) async fn search(State(_): State<Shop>) -> Response {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (StatusCode::OK, headers, LazyLock::force(&INDEX).clone()).into_response()
}

fn framed(reader: &Reader, title: &str, current: Option<&Page>, content: &Markup) -> Response {
    let is_current = |page: &Page| current.is_some_and(|current| current.path == page.path);
    let body = html! {
        a.skip href="#content" { (pages::SKIP.of(reader.language)) }
        div.book {
            header.rail {
                a.mark href="/docs/index" { (mark()) span { "Doorbuster" } }
                search { label { (pages::SEARCH.of(reader.language)) input type="search" data-search="/docs/search.json" autocomplete="off" spellcheck="false"; }
                    ol.found hidden {} }
                nav aria-label=(pages::MAIN_MENU.of(reader.language)) {
                    p.label { a href="/docs" { (pages::API_REFERENCE.of(reader.language)) } }
                    @for (title, pages) in CONTENTS.iter() {
                        p.label { (title) }
                        @for Entry { page, .. } in pages { a href=(address(page.path, "")) aria-current=[is_current(page).then_some("page")] { (page.title) } }
                    }
                    p.label { a href="/docs/index#decisions" { "Decisions" } }
                }
            }
            main #content lang="en" { (content)
                @if let Some(page) = current.filter(|page| page.sections.len() > 2) { (contents_of(page)) } }
        }
    };
    answer(StatusCode::OK, reader, Frame { title, styles: &["base.css", "manual.css"], script: "manual.js", body })
}

/// The sections of a page, beside it.
fn contents_of(page: &Page) -> Markup {
    html! { nav.here aria-label="On this page" {
        p.label { "On this page" }
        @for section in page.sections.iter().filter(|section| section.level == 2) { a href=(format!("#{}", section.anchor)) { (section.title) } }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_page_exists_and_every_link_leads_somewhere() {
        for (_, lines) in contents::CHAPTERS {
            for (path, says) in lines {
                assert!(PAGES.iter().any(|page| page.path == *path), "{path}");
                assert!(says.ends_with('.') && says.len() <= 110, "{path}: {says}");
            }
        }
        let listed = chapters(&PAGES).into_iter().flat_map(|(_, entries)| entries);
        let unnamed: Vec<&str> =
            listed.filter(|entry| !entry.says.ends_with('.')).map(|entry| entry.page.path).collect();
        assert_eq!(unnamed, [""; 0], "each page says in a sentence what it is for: manual/contents.rs");
        for page in PAGES.iter() {
            assert!(!page.title.is_empty() && !page.sections.is_empty(), "{}", page.path);
            for link in page.html.split("href=\"/docs/").skip(1).filter_map(|rest| rest.split('"').next()) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = PAGES.iter().find(|page| page.path == path);
                let target = target.unwrap_or_else(|| panic!("{}: {link} leads nowhere", page.path));
                let has_anchor = anchor.is_empty() || target.sections.iter().any(|section| section.anchor == anchor);
                assert!(has_anchor, "{}: {link} has no such section", page.path);
            }
            for picture in page.html.split("src=\"/docs/").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(source::picture(picture).is_some(), "{}: {picture}", page.path);
            }
            assert!(!page.html.contains("<script") && !page.html.contains(" style="), "{}", page.path);
        }
        assert!(INDEX.len() < 2_000_000, "{} bytes", INDEX.len());
    }
}
