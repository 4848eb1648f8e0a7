//! Which of the switches are caches.

use super::SWITCHES;

/// Paths of the switches that say where a kind of values is cached, in the order of the catalogue: those whose values
/// have a time to live of their own.
pub fn cache_switches() -> impl Iterator<Item = &'static str> {
    let paths = || SWITCHES.iter().map(|switch| switch.path);
    paths().filter(move |kind| paths().any(|path| path.strip_suffix(".ttl") == Some(*kind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, Store, SwitchValue as _};

    #[test]
    fn every_switch_that_says_where_values_are_kept_is_a_cache_and_no_other_is() {
        let kept: Vec<&str> = SWITCHES
            .iter()
            .map(|switch| switch.path)
            .filter(|path| Profile::accepts(path).unwrap() == Store::accepts())
            .collect();
        assert_eq!(cache_switches().collect::<Vec<_>>(), kept);
    }
}
