//! Invisible characters. In a name, an address or an e-mail address they make different texts look equal, or reverse a line.
//! They are refused there; in reasons, which are free text, only control characters are.

/// In code-point order: soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Khmer fillers, Mongolian selectors
/// and separators, zero-width characters and direction marks, line separators, invisible operators, the Braille blank, the
/// byte order mark, annotation marks; shorthand and music format controls, tags.
const UNSEEN: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// Returns `true` if the character is not allowed in a name or an address.
pub(crate) fn is_unseen(char: char) -> bool {
    char.is_control() || (!char.is_ascii() && UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&char)))
}

/// Returns `true` if the character is not allowed in a text of several lines.
pub(in crate::api) fn is_unseen_but_line_breaks(char: char) -> bool {
    is_unseen(char) && !matches!(char, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::words;

    #[test]
    fn visible_and_invisible_characters_are_told_apart() {
        for seen in "Ann 김 Ünï عمر ❤️ é ไทย -'·".chars().chain(['\u{301}', '\u{e0100}']) {
            assert!(!is_unseen(seen), "{seen:?}");
        }
        for unseen in
            ['\0', '\u{7f}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{3164}', '\u{e0041}']
        {
            assert!(is_unseen(unseen), "{unseen:?}");
        }
        assert!(is_unseen('\n') && !is_unseen_but_line_breaks('\n') && is_unseen_but_line_breaks('\u{200b}'));
    }

    /// A JSON Schema pattern can name only characters up to U+FFFF, so the document lacks the three last ranges.
    #[test]
    fn the_document_refuses_the_same_characters() {
        for (first, last) in UNSEEN.iter().filter(|(first, _)| *first <= '\u{ffff}') {
            let name = |char: char| format!("\\u{:04X}", u32::from(char));
            let range = if first == last { name(*first) } else { format!("{}-{}", name(*first), name(*last)) };
            for pattern in [words::NAME, words::EMAIL, words::LINES] {
                assert!(pattern.contains(&range), "{range} is missing in {pattern}");
            }
        }
    }
}
