//! How doc comments read: sentences that open with a clause instead of their subject, and words of riddles.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::sources::sources;

const OPENERS: [&str; 5] = ["What", "Who", "Whoever", "Whether", "Nobody"];
const WORDS: [&str; 7] = ["whoever", "nobody", "anew", "for ever", "he", "his", "him"];

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) sentences: usize,
    /// Sentences that open with one of `OPENERS`.
    pub(super) openers: usize,
    /// Sentences that contain one of `WORDS`.
    pub(super) riddles: usize,
}

impl Figures {
    pub(super) fn add(&mut self, other: Figures) {
        self.sentences += other.sentences;
        self.openers += other.openers;
        self.riddles += other.riddles;
    }
}

/// The figures of the doc comments below `folder`, and the sentences that were counted, by file.
pub(super) fn read(folder: &Path) -> (Figures, BTreeMap<String, Vec<String>>) {
    let mut paths = vec![];
    sources(folder, &mut paths);
    let (mut figures, mut found) = (Figures::default(), BTreeMap::<String, Vec<String>>::new());
    for path in paths {
        for sentence in sentences(&fs::read_to_string(&path).unwrap()) {
            figures.sentences += 1;
            let is_opener =
                OPENERS.contains(&sentence.split(|at: char| !at.is_alphanumeric()).next().unwrap_or_default());
            let lower = format!(" {} ", sentence.to_lowercase().replace(|at: char| !at.is_alphanumeric(), " "));
            let is_riddle = WORDS.iter().any(|word| lower.contains(&format!(" {word} ")));
            figures.openers += usize::from(is_opener);
            figures.riddles += usize::from(is_riddle);
            if is_opener || is_riddle {
                found.entry(path.display().to_string()).or_default().push(sentence);
            }
        }
    }
    (figures, found)
}

/// The sentences of all doc comments of a file; code blocks are none.
fn sentences(source: &str) -> Vec<String> {
    let (mut found, mut paragraph, mut in_code) = (vec![], String::new(), false);
    for line in source.lines().map(str::trim_start).chain([""]) {
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim);
        match text {
            Some(text) if text.starts_with("```") => in_code = !in_code,
            Some(_) if in_code => {}
            Some(text) if !text.is_empty() && !text.starts_with(['*', '#', '|']) => {
                paragraph.push_str(text);
                paragraph.push(' ');
            }
            Some(text) => {
                close(&mut paragraph, &mut found);
                paragraph.push_str(text.trim_start_matches(['*', '#', '|', ' ']));
                paragraph.push(' ');
            }
            None => {
                in_code = false;
                close(&mut paragraph, &mut found);
            }
        }
    }
    found
}

fn close(paragraph: &mut String, found: &mut Vec<String>) {
    let text = std::mem::take(paragraph);
    for sentence in cut(&text).into_iter().map(str::trim) {
        if sentence.chars().any(char::is_alphabetic) {
            found.push(sentence.to_owned());
        }
    }
}

/// A sentence ends with a mark and a space behind it.
fn cut(text: &str) -> Vec<&str> {
    let (mut parts, mut from) = (vec![], 0);
    let marks = text.match_indices(['.', '!', '?']).map(|(at, mark)| at + mark.len());
    for end in marks.filter(|end| text[*end..].starts_with(' ')) {
        parts.push(&text[from..end]);
        from = end;
    }
    parts.push(&text[from..]);
    parts
}

#[test]
fn sentences_are_counted() {
    let source = "//! Says no. What is it?\n\n/// One `a` line\n/// goes on.\n/// ```\n/// What code\n/// ```\n/// * Whoever comes.\nfn a() {}\n// What no doc is.\n";
    assert_eq!(sentences(source), ["Says no.", "What is it?", "One `a` line goes on.", "Whoever comes."]);
}
