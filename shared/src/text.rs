//! Texts of others as they may be shown.

/// A text of others in one line: its control characters, and the separators of lines and
/// paragraphs, are written as escapes, so that it can neither break a line nor steer a terminal.
pub fn one_line(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\u{2028}' | '\u{2029}' => letter.escape_unicode().to_string(),
        letter if letter.is_control() => letter.escape_default().to_string(),
        letter => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_breaks_a_line_or_steers_a_terminal_is_an_escape() {
        assert_eq!(
            one_line("a\u{1b}[2J\r\n\tb\u{9b}\u{2028}\u{2029}ä"),
            r"a\u{1b}[2J\r\n\tb\u{9b}\u{2028}\u{2029}ä"
        );
    }
}
