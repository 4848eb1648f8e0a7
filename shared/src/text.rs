//! Texts of others as they may be shown, and what they were probably meant to be.

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

/// The known word that `word` was probably meant to be: at most one in three letters is wrong,
/// or it is the begin or a part of the word.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = word.chars().count();
    let near = |one: &str| {
        let contained = letters >= 3 && one.contains(word);
        contained || strsim::damerau_levenshtein(word, one) <= (letters / 3).max(1)
    };
    known
        .filter(|one| letters > 0 && near(one))
        .map(|one| (strsim::jaro_winkler(word, one), one))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, one)| one)
}

/// ``unknown flow `x`; did you mean `y`? It is one of y, z``, in one line of bounded length for a long word.
pub fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let word = shortened(word);
    let all = known.clone().collect::<Vec<_>>().join(", ");
    match nearest(word, known) {
        Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`? It is one of {all}"),
        None => format!("unknown {what} `{word}`; it is one of {all}"),
    }
}

/// Longest word of a file that an error repeats, in characters.
const SHOWN: usize = 60;

/// The begin of a word, for an error.
pub fn shortened(word: &str) -> &str {
    word.char_indices()
        .nth(SHOWN)
        .map_or(word, |(end, _)| &word[..end])
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

    #[test]
    fn a_word_is_suggested_for_a_slip_and_not_for_another_word() {
        let known = ["run", "core", "smoke", "before_after", "chat.room"];
        for (word, near) in [
            ("rnu", Some("run")),
            ("smoek", Some("smoke")),
            ("before", Some("before_after")),
            ("chat", Some("chat.room")),
            ("nofile", None),
            ("nonexistent", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), near, "{word}");
        }
    }
}
