//! The words of the command-line parser, as one sentence without its library's terms.

/// Returns the parser's message in one line: what is wrong, without its advice and usage.
pub(super) fn of(rendered: &str) -> String {
    let message = rendered.split("\n\nUsage:").next().unwrap_or_default();
    let message = message.split("For more information").next().unwrap_or_default().trim();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty() && !is_wrong_advice(line));
    let line = lines.collect::<Vec<_>>().join(" ");
    match line.rsplit_once(": ") {
        Some((wrong, why)) => format!("{wrong}: {}", plain(why)),
        None => line,
    }
}

/// Returns whether the parser advises to end the options, which would make a negative number another argument.
fn is_wrong_advice(line: &str) -> bool {
    line.starts_with("tip: to pass ")
}

fn plain(why: &str) -> String {
    match why {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number".to_owned()
        }
        "number too large to fit in target type" | "number too small to fit in target type" => {
            "the number is out of range".to_owned()
        }
        "invalid float literal" => "must be a number".to_owned(),
        _ => range(why).unwrap_or_else(|| why.to_owned()),
    }
}

/// Translates `0 is not in 1..=100`.
fn range(why: &str) -> Option<String> {
    let (_, range) = why.split_once(" is not in ")?;
    let (least, most) = range.split_once("..")?;
    let most = match most.strip_prefix('=') {
        Some(most) => most.parse::<i128>().ok()?,
        None => most.parse::<i128>().ok()? - 1,
    };
    // An upper end that is only the type's own says nothing.
    let is_bound = most < i128::from(i64::MAX) - 1;
    Some(if is_bound { format!("must be from {least} to {most}") } else { format!("must be {least} or more") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parsers_words_become_one_sentence() {
        for (rendered, expected) in [
            (
                "error: invalid value 'abc' for '<ID>': invalid digit found in string\n\nFor more information, try '--help'.\n",
                "invalid value 'abc' for '<ID>': must be a whole number",
            ),
            (
                "error: the following required arguments were not provided:\n  --price <AMOUNT>\n\nUsage: doorbuster product\n",
                "the following required arguments were not provided: --price <AMOUNT>",
            ),
            (
                "error: unexpected argument '-1' found\n\n  tip: to pass '-1' as a value, use '-- -1'\n\nUsage: x\n",
                "unexpected argument '-1' found",
            ),
            (
                "error: invalid value '0' for '--limit <N>': 0 is not in 1..=100\n",
                "invalid value '0' for '--limit <N>': must be from 1 to 100",
            ),
            (
                "error: invalid value '0' for '<ID>': 0 is not in 1..9223372036854775807\n",
                "invalid value '0' for '<ID>': must be 1 or more",
            ),
        ] {
            assert_eq!(of(rendered), expected);
        }
    }
}
