//! The pages of the manual, rendered from the repository's Markdown.

use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

include!(concat!(env!("OUT_DIR"), "/manual.rs"));

/// A page as it is shown and searched.
pub(super) struct Page {
    /// The path of its file below `docs/`, without its ending.
    pub(super) path: &'static str,
    pub(super) title: String,
    pub(super) html: String,
    pub(super) sections: Vec<Section>,
}

/// A heading and what follows it.
pub(super) struct Section {
    pub(super) level: u8,
    /// Empty for the page itself.
    pub(super) anchor: String,
    pub(super) title: String,
    pub(super) text: String,
}

const OPENING_CHARS: usize = 140;
/// A table of keys with fewer columns fits into the page.
const LISTED_COLUMNS_MIN: usize = 5;

impl Page {
    /// Returns how the page begins.
    pub(super) fn opening(&self) -> String {
        let text = self.sections.first().map_or("", |section| section.text.trim());
        let end = text.find(". ").map_or(text.len(), |end| end + 1);
        let first: String = text[..end].chars().take(OPENING_CHARS).collect();
        if first.len() < end { format!("{}…", first.trim_end()) } else { first }
    }
}

/// Returns a picture that a page shows.
pub(super) fn picture(path: &str) -> Option<&'static [u8]> {
    PICTURES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

/// Renders all pages.
pub(super) fn pages() -> Vec<Page> {
    SOURCES.iter().map(|(path, text)| page(path, text)).collect()
}

fn page(path: &'static str, text: &str) -> Page {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut rendering = Rendering { path, sections: vec![], shown: vec![], dropped: vec![] };
    let mut events = Parser::new_ext(text, options);
    while let Some(event) = events.next() {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            let is_inside = |event: &Event<'_>| !matches!(event, Event::End(TagEnd::Heading(_)));
            let inside = events.by_ref().take_while(is_inside).collect();
            rendering.heading(level, inside);
        } else if let Event::Start(Tag::Table(columns)) = event {
            let is_inside = |event: &Event<'_>| !matches!(event, Event::End(TagEnd::Table));
            let inside = events.by_ref().take_while(is_inside).collect();
            rendering.table(columns, inside);
        } else {
            rendering.take(event);
        }
    }
    let Rendering { sections, shown, .. } = rendering;
    let mut html = String::new();
    html::push_html(&mut html, shown.into_iter());
    // The pages allow no styles within elements; columns of text are on the left anyway.
    for (style, class) in [("right", " class=\"end\""), ("center", ""), ("left", "")] {
        html = html.replace(&format!(" style=\"text-align: {style}\""), class);
    }
    // Keyboards scroll only what can have the focus.
    html = html.replace("<pre>", "<pre tabindex=\"0\">");
    let title = sections.first().map_or_else(|| path.to_owned(), |section| section.title.clone());
    Page { path, title, html, sections }
}

/// A page while its Markdown is read.
struct Rendering<'a> {
    path: &'static str,
    sections: Vec<Section>,
    shown: Vec<Event<'a>>,
    /// For each open link, if it leads to nothing here and is shown as text.
    dropped: Vec<bool>,
}

impl<'a> Rendering<'a> {
    fn heading(&mut self, level: HeadingLevel, inside: Vec<Event<'a>>) {
        let title = plain(&inside);
        let anchor = if self.sections.is_empty() { String::new() } else { anchor(&title, &self.sections) };
        self.shown.push(Event::Html(opening_tag(level, &anchor).into()));
        self.shown.extend(inside);
        self.shown.push(Event::End(TagEnd::Heading(level)));
        self.sections.push(Section { level: level as u8, anchor, title, text: String::new() });
    }

    /// A table scrolls in a box of its own. One of keys with long texts is shown as a list instead, where each cell has the title of
    /// its column.
    fn table(&mut self, columns: Vec<Alignment>, inside: Vec<Event<'a>>) {
        let titles = titles(&inside);
        let is_list = titles.len() >= LISTED_COLUMNS_MIN && titles.first().is_some_and(|title| title == "Key");
        let opening = if is_list { "<div class=\"keys\">" } else { "<div class=\"scroll\" tabindex=\"0\">" };
        self.shown.push(Event::Html(opening.into()));
        self.shown.push(Event::Start(Tag::Table(columns)));
        let (mut column, mut is_head) = (0, true);
        #[expect(clippy::wildcard_enum_match_arm, reason = "all other events are shown as they are")]
        for event in inside {
            match event {
                Event::End(TagEnd::TableHead) => {
                    is_head = false;
                    self.take(event);
                }
                Event::Start(Tag::TableRow) => {
                    column = 0;
                    self.take(event);
                }
                Event::Start(Tag::TableCell) if is_list && !is_head => {
                    let title = titles.get(column).map_or("", String::as_str);
                    self.shown.push(Event::Html(format!("<td data-title=\"{title}\">").into()));
                    column += 1;
                }
                Event::End(TagEnd::TableCell) if is_list && !is_head => {
                    note(&mut self.sections, &event);
                    self.shown.push(Event::Html("</td>".into()));
                }
                event => self.take(event),
            }
        }
        self.shown.push(Event::End(TagEnd::Table));
        self.shown.push(Event::Html("</div>".into()));
    }

    fn take(&mut self, event: Event<'a>) {
        note(&mut self.sections, &event);
        #[expect(clippy::wildcard_enum_match_arm, reason = "all other events are shown as they are")]
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = target(self.path, &dest_url);
                self.dropped.push(target.is_none());
                self.shown.extend(
                    target.map(|target| Event::Start(Tag::Link { link_type, dest_url: target.into(), title, id })),
                );
            }
            Event::End(TagEnd::Link) if self.dropped.pop() == Some(true) => {}
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = CowStr::from(address(&joined(self.path, &dest_url), ""));
                self.shown.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            event => self.shown.push(event),
        }
    }
}

/// Adds what an event says to the text of the present section.
fn note(sections: &mut [Section], event: &Event<'_>) {
    let Some(section) = sections.last_mut() else { return };
    match event {
        Event::Text(text) | Event::Code(text) => section.text.push_str(text),
        Event::SoftBreak | Event::HardBreak | Event::End(_) => section.text.push(' '),
        Event::Start(_)
        | Event::Html(_)
        | Event::InlineHtml(_)
        | Event::InlineMath(_)
        | Event::DisplayMath(_)
        | Event::FootnoteReference(_)
        | Event::Rule
        | Event::TaskListMarker(_) => {}
    }
}

fn opening_tag(level: HeadingLevel, anchor: &str) -> String {
    let level = level as u8;
    if anchor.is_empty() { format!("<h{level}>") } else { format!("<h{level} id=\"{anchor}\">") }
}

fn plain(events: &[Event<'_>]) -> String {
    let text = |event: &Event<'_>| {
        if let Event::Text(text) | Event::Code(text) = event { text.to_string() } else { String::new() }
    };
    events.iter().map(text).collect()
}

/// Returns the titles of a table's columns. They are our own words, without signs that HTML would need to escape.
fn titles(table: &[Event<'_>]) -> Vec<String> {
    let head = table.split(|event| matches!(event, Event::End(TagEnd::TableHead))).next().unwrap_or_default();
    let cells = head.split(|event| matches!(event, Event::Start(Tag::TableCell))).skip(1);
    cells.map(|cell| plain(cell).replace(['"', '&', '<'], "")).collect()
}

/// Returns the anchor of a heading as Git forges write it: lower case, words joined by hyphens.
fn anchor(title: &str, before: &[Section]) -> String {
    let kept =
        title.to_lowercase().chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign)).collect::<String>();
    let anchor = kept.trim().replace(' ', "-");
    let is_free = |anchor: &String| before.iter().all(|section| section.anchor != *anchor);
    let numbered = (1..=before.len()).map(|number| format!("{anchor}-{number}"));
    std::iter::once(anchor.clone()).chain(numbered).find(is_free).unwrap_or(anchor)
}

/// Returns the address of a page, or of one of its sections.
pub(super) fn address(path: &str, anchor: &str) -> String {
    if anchor.is_empty() { format!("/docs/{path}") } else { format!("/docs/{path}#{anchor}") }
}

/// Returns the address that a link has here; `None` for a file that is only in the repository.
fn target(page: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with('#') || link.starts_with("mailto:") {
        return Some(link.to_owned());
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = joined(page, file.strip_suffix(".md")?);
    SOURCES.iter().find(|(known, _)| *known == path)?;
    Some(address(&path, anchor))
}

/// Joins a relative path to the folder of a page.
fn joined(page: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.pop().is_some() => {}
            // A folder above the documentation: no page has that path.
            part => parts.push(part),
        }
    }
    parts.join("/")
}
