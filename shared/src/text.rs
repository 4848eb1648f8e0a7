//! Texts of others as they may be shown.

/// Whether a letter breaks a line, steers a terminal, or changes the direction of writing or the look of
/// a text without being seen.
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// A text of others in one line: what cannot be printed in it is written as an escape, so that a message
/// may quote it and still shows what was there.
pub fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unprintable(letter) {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_breaks_a_line_or_steers_a_terminal_is_an_escape() {
        assert_eq!(
            escaped("a\u{1b}[2J\r\n\tb\u{9b}\u{2028}\u{2029}\u{202e}\u{feff}ä `ß`"),
            r"a\u{1b}[2J\r\n\tb\u{9b}\u{2028}\u{2029}\u{202e}\u{feff}ä `ß`"
        );
    }
}
