//! Texts that clients send: the bounds that the API description gives them, and which characters they may have.

/// At most `limit` characters, none of them NUL, which PostgreSQL's text cannot hold.
pub fn fits(text: &str, limit: usize) -> bool {
    // Bytes bound characters from above, so most texts are judged without being walked through.
    (text.len() <= limit || text.chars().count() <= limit) && !text.contains('\0')
}

/// A text without the space around it, possibly empty; `None` where it does not fit. Its bound is that of the
/// description, so it holds for what is sent, with the space.
pub fn trimmed(text: &str, limit: usize) -> Option<&str> {
    fits(text, limit).then(|| text.trim())
}

/// The same; `None` also for one that has control characters, as line breaks are.
pub fn one_line(text: &str, limit: usize) -> Option<&str> {
    trimmed(text, limit).filter(|line| !line.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_counts_characters_of_what_is_sent() {
        for right in ["", "ab", "äöü", " a "] {
            assert!(fits(right, 3), "{right:?}");
        }
        for wrong in ["abcd", "äöüß", " ab ", "a\0"] {
            assert!(!fits(wrong, 3), "{wrong:?}");
            assert_eq!(trimmed(wrong, 3), None, "{wrong:?}");
        }
        assert_eq!(trimmed(" a ", 3), Some("a"));
        assert_eq!(trimmed("   ", 3), Some(""));
    }

    #[test]
    fn a_line_has_no_control_characters_but_those_around_it() {
        assert_eq!(one_line("\ta b\n", 5), Some("a b"));
        assert_eq!(one_line("\ta b\n", 4), None);
        assert_eq!(one_line("a\nb", 5), None);
        assert_eq!(one_line("a\u{7f}", 5), None);
        assert_eq!(trimmed("a\nb", 5), Some("a\nb"));
    }
}
