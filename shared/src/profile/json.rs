//! A profile from the text of a JSON file.

use super::{catalogue::Profile, switch_map::FORM};

impl Profile {
    /// Reads a JSON object of switch to value over the default profile. A byte order mark at the begin of the
    /// text is no part of it. The error says what is wrong, and where, in one line.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(format!("it is empty: write {FORM}"));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_profile() {
        let profile = Profile::from_json("\u{feff}{\"pool.max\": 7}").unwrap();
        assert_eq!(profile.pool_max.get(), 7);
    }

    #[test]
    fn what_is_no_object_of_switches_is_refused_with_what_would_be_right() {
        for (text, said) in [
            ("", "it is empty: write a JSON object of switches"),
            (" \n", "it is empty: write a JSON object of switches"),
            (
                "[]",
                "expected a JSON object of switches, like {\"pool.max\"",
            ),
            (
                "7",
                "expected a JSON object of switches, like {\"pool.max\"",
            ),
            (
                "{\"pool.max\": 7,\n\"pool.max\": 8}",
                "switch `pool.max` is given twice at line 2",
            ),
            ("{\"pool.maks\": 7}", "did you mean `pool.max`?"),
        ] {
            let error = Profile::from_json(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
