//! What is known of the reference backend before any of it runs.

use shared::profile::{Profile, SWITCHES, Switch};

use super::hints::hints;
use crate::{features, flows::Op};
use loadgen_engine::flow::Catalog;
use loadgen_experiment::{
    diagnose::HintCatalog,
    metric::{MetricId, OperationFigure},
    schema::{ApplicationArea, ApplicationInfo, Completion},
    services::TARGET_PROCESS,
    system::{AdmissionSwitch, Application, Settings},
};

/// Processes and services whose use of the machine is observed, the application itself first.
const PROCESSES: [&str; 3] = [TARGET_PROCESS, "postgres", "redis"];

/// The reference backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeConnect;

impl CodeConnect {
    /// Its switches, in the order of the documentation.
    pub const fn switches(self) -> &'static [Switch] {
        SWITCHES
    }

    /// Sets one switch from `switch=value`; the error says how it is written.
    pub fn apply(self, settings: &mut Settings, setting: &str) -> Result<(), String> {
        let (path, value) = shared::profile::setting(setting).map_err(|error| error.to_string())?;
        self.set(settings, path, value)
    }

    /// A profile from a JSON object of switch to value, over the default one.
    pub fn settings_from_json(self, text: &str) -> Result<Settings, String> {
        Profile::from_json(text).map(|profile| settings(&profile))
    }
}

/// A profile as settings.
pub(super) fn settings(profile: &Profile) -> Settings {
    Settings(profile.values())
}

/// Settings as a profile.
pub(super) fn profile(settings: &Settings) -> Result<Profile, String> {
    let mut profile = Profile::default();
    for (path, value) in &settings.0 {
        profile
            .set(path, value)
            .map_err(|error| error.to_string())?;
    }
    Ok(profile)
}

impl Application for CodeConnect {
    fn catalog(&self) -> &Catalog {
        features::catalog()
    }

    fn profile(&self, name: &str) -> Result<Settings, String> {
        Profile::named(name)
            .map(|profile| settings(&profile))
            .map_err(|error| error.to_string())
    }

    fn default_profile(&self) -> Settings {
        settings(&Profile::default())
    }

    fn set(&self, settings: &mut Settings, path: &str, value: &str) -> Result<(), String> {
        // The profile knows what a switch takes and how its value is written.
        let mut one = Profile::default();
        one.set(path, value).map_err(|error| error.to_string())?;
        let written = one.get(path).map_err(|error| error.to_string())?;
        settings.0.insert(path.to_owned(), written);
        Ok(())
    }

    fn known_wrong(&self, settings: &Settings) -> Vec<String> {
        profile(settings).map_or_else(|_| Vec::new(), |profile| profile.known_wrong())
    }

    fn default_primary(&self) -> Vec<MetricId> {
        let operation = "mentors.list".to_owned();
        vec![MetricId::Operation(operation, OperationFigure::P97_5)]
    }

    fn cache_kinds(&self) -> &'static [&'static str] {
        features::cache_kinds()
    }

    fn hints(&self) -> HintCatalog<'static> {
        hints()
    }

    fn info(&self) -> ApplicationInfo {
        let names = |operations: &[&Op]| {
            operations
                .iter()
                .map(|op| op.descriptor().name.to_owned())
                .collect()
        };
        ApplicationInfo {
            name: "CodeConnect".to_owned(),
            areas: features::FEATURES
                .iter()
                .map(|feature| ApplicationArea {
                    label: feature.label.to_owned(),
                    operations: names(feature.operations),
                    headline: names(feature.headline),
                })
                .collect(),
            processes: PROCESSES.map(str::to_owned).to_vec(),
            cache_kinds: features::cache_kinds()
                .iter()
                .map(|kind| ((*kind).to_owned(), (*kind).to_owned()))
                .collect(),
            completions: features::FEATURES
                .iter()
                .flat_map(|feature| feature.completes)
                .map(|(label, operations)| Completion {
                    label: (*label).to_owned(),
                    operations: names(operations),
                })
                .collect(),
        }
    }

    fn slowdown_switch(&self) -> Option<&'static str> {
        Some("lab.slowdown")
    }

    fn admission_switch(&self) -> Option<AdmissionSwitch> {
        Some(AdmissionSwitch {
            path: "http.admission",
            values: &["off", "limit(8)"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_profiles_say_the_same() {
        for name in ["before", "after"] {
            let named = Profile::named(name).unwrap();
            let all = CodeConnect.profile(name).unwrap();
            assert_eq!(profile(&all).unwrap(), named);
            assert_eq!(all.fingerprint(), named.fingerprint());
        }
        assert!(CodeConnect.profile("later").unwrap_err().contains("before"));
    }

    #[test]
    fn a_wrong_switch_or_value_is_refused_and_changes_nothing() {
        let mut all = CodeConnect.default_profile();
        let before = all.clone();
        for (path, value) in [("cache.mentor", "off"), ("cache.mentors", "of")] {
            let error = CodeConnect.set(&mut all, path, value).unwrap_err();
            assert!(error.contains("cache.mentors"), "{error}");
        }
        assert_eq!(all, before);
        CodeConnect.set(&mut all, "cache.mentors", "off").unwrap();
        assert_eq!(all.get("cache.mentors"), Some("off"));
    }

    #[test]
    fn settings_from_json_are_an_object_with_each_switch_once() {
        let read = |text: &str| CodeConnect.settings_from_json(text);
        let all = read("\u{feff}{\"pool.max\": 7}").unwrap();
        assert_eq!(all.get("pool.max"), Some("7"));
        for (text, said) in [
            ("", "it is empty"),
            ("[]", "a JSON object of switches"),
            ("{\"pool.max\": 7, \"pool.max\": 8}", "given twice"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn what_is_known_to_be_wrong_is_named() {
        let mut all = CodeConnect.default_profile();
        assert_eq!(CodeConnect.known_wrong(&all), Vec::<String>::new());
        CodeConnect
            .set(&mut all, "bookings.strategy", "naive")
            .unwrap();
        assert_eq!(CodeConnect.known_wrong(&all), ["bookings.strategy=naive"]);
    }

    #[test]
    fn the_switch_of_planted_slowness_exists() {
        let path = CodeConnect.slowdown_switch().unwrap();
        assert!(CodeConnect.default_profile().get(path).is_some());
    }
}
