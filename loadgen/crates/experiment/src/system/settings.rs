//! A configuration of the application: a value for every switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::hex;

/// Every switch by its path, with its value as text. Which switches there are, and what they
/// take, is the application's to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub BTreeMap<String, String>);

impl Settings {
    /// The value of a switch.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Switches in which two configurations differ: path, value here, value there. A switch that
    /// one of them lacks differs, with an empty value.
    pub fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        let paths: std::collections::BTreeSet<&String> =
            self.0.keys().chain(other.0.keys()).collect();
        paths
            .into_iter()
            .filter_map(|path| {
                let value = |settings: &Self| settings.get(path).unwrap_or_default().to_owned();
                let (here, there) = (value(self), value(other));
                (here != there).then(|| (path.clone(), here, there))
            })
            .collect()
    }

    /// Short digest of all values: 12 hexadecimal digits of SHA-256 over `path=value` lines.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (path, value) in &self.0 {
            hash.update(format!("{path}={value}\n").as_bytes());
        }
        hex::of(&hash.finalize()[..6])
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs
            .iter()
            .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_differs_is_listed_and_moves_the_fingerprint() {
        let (one, other) = (
            settings(&[("a", "1"), ("b", "2")]),
            settings(&[("a", "1"), ("b", "3"), ("c", "4")]),
        );
        let difference = |path: &str, here: &str, there: &str| {
            (path.to_owned(), here.to_owned(), there.to_owned())
        };
        assert_eq!(
            one.differences(&other),
            [difference("b", "2", "3"), difference("c", "", "4")]
        );
        assert!(one.differences(&one).is_empty());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 12);
    }
}
