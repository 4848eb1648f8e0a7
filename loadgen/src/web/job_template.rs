//! Which commands can be started from the page, and the command line of each.

use std::{collections::BTreeMap, fmt::Display, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use shared::time::Millis;

use loadgen_engine::{threshold::Threshold, units::Rate};

/// Most switches and most thresholds of a request.
const MOST_WORDS: usize = 20;

/// The parts that every started command has in common, and what can be started.
#[derive(Debug)]
pub struct JobTemplate {
    /// This program.
    pub program: PathBuf,
    /// Flags of every command: the target and the results folder.
    pub arguments: Vec<String>,
    /// Environment of every command; `LOADGEN_…` variables of this process are not passed on.
    pub environment: BTreeMap<String, String>,
    /// The suites and experiments that come with the program.
    pub catalogue: JobCatalogue,
}

/// The suites and experiments that can be started.
#[derive(Debug, Clone, Default, Serialize)]
pub struct JobCatalogue {
    /// For `loadgen run`.
    pub suites: Vec<CatalogueEntry>,
    /// For `loadgen experiment`.
    pub experiments: Vec<CatalogueEntry>,
    /// The switches that can be set.
    pub switches: Vec<SwitchEntry>,
}

/// A switch of the target.
#[derive(Debug, Clone, Serialize)]
pub struct SwitchEntry {
    /// `cache.mentors`.
    pub path: String,
    /// Its value in the profile `after`.
    pub value: String,
}

/// A suite or experiment.
#[derive(Debug, Clone, Serialize)]
pub struct CatalogueEntry {
    /// As the command line takes it.
    pub name: String,
    /// The question that it answers, in one line.
    pub question: String,
}

/// The body of a request to start a command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartRequest {
    suite: Option<String>,
    experiment: Option<String>,
    #[serde(default)]
    quick: bool,
    /// Iterations a second, like `20/s`.
    rate: Option<String>,
    /// Measured window, like `30s`.
    duration: Option<String>,
    /// `switch=value`; of an experiment for its second arm.
    #[serde(default)]
    switches: Vec<String>,
    /// Like `p95 < 100ms`.
    #[serde(default)]
    thresholds: Vec<String>,
}

/// Why a request names nothing that can be started.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidRequest(String);

impl StartRequest {
    /// The command line of a request. Names come from the catalogue; every other text is read as
    /// what it stands for and is the value of a flag, so that none can become a flag or a path.
    pub(super) fn command_words(
        &self,
        catalogue: &JobCatalogue,
    ) -> Result<Vec<String>, InvalidRequest> {
        let invalid = |why: &str| InvalidRequest(why.to_owned());
        let find = |entries: &[CatalogueEntry], name: &str| {
            let found = entries.iter().find(|entry| entry.name == name);
            found.map(|entry| entry.name.clone()).ok_or_else(|| {
                invalid("no suite or experiment of that name comes with this program; /api/catalogue lists them")
            })
        };
        let (mut words, set) = match (&self.suite, &self.experiment, self.quick) {
            (Some(name), None, false) => (
                vec!["run".to_owned(), find(&catalogue.suites, name)?],
                "set",
            ),
            (Some(_), None, true) => return Err(invalid("only an experiment has a quick form")),
            (None, Some(name), quick) => {
                let name = find(&catalogue.experiments, name)?;
                let mut words = vec!["experiment".to_owned(), name];
                words.extend(quick.then(|| "--quick".to_owned()));
                (words, "set-after")
            }
            _ => return Err(invalid("name either a suite or an experiment")),
        };
        if let Some(rate) = &self.rate {
            words.push(format!("--rate={}", read::<Rate>("rate", rate)?));
        }
        if let Some(duration) = &self.duration {
            words.push(format!(
                "--duration={}",
                read::<Millis>("duration", duration)?
            ));
        }
        if self.switches.len() > MOST_WORDS || self.thresholds.len() > MOST_WORDS {
            return Err(invalid("too many switches or thresholds"));
        }
        for setting in &self.switches {
            let (path, value) = setting
                .split_once('=')
                .ok_or_else(|| InvalidRequest(format!("`{setting}` is no switch=value")))?;
            let known = catalogue.switches.iter().any(|one| one.path == path.trim());
            // Parentheses and commas, too: `bounded(32)`, `argon2id(19456,2,1)`. No shell reads them.
            let letters = |b: u8| b.is_ascii_alphanumeric() || b"._-%/(),".contains(&b);
            if !known || value.trim().is_empty() || !value.trim().bytes().all(letters) {
                return Err(InvalidRequest(format!(
                    "`{setting}` sets no switch; /api/catalogue lists them"
                )));
            }
            words.push(format!("--{set}={}={}", path.trim(), value.trim()));
        }
        for threshold in &self.thresholds {
            read::<Threshold>("threshold", threshold)?;
            words.push(format!("--threshold={threshold}"));
        }
        Ok(words)
    }
}

/// A text as what it stands for.
fn read<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, InvalidRequest> {
    text.parse()
        .map_err(|error| InvalidRequest(format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_catalogue_become_words_of_a_command() {
        let entry = |name: &str| CatalogueEntry {
            name: name.into(),
            question: String::new(),
        };
        let catalogue = JobCatalogue {
            suites: vec![entry("smoke")],
            experiments: vec![entry("mentor_cache")],
            switches: [("pool.max", "20"), ("auth.hash", "argon2id(19456,2,1)")]
                .map(|(path, value)| SwitchEntry {
                    path: path.into(),
                    value: value.into(),
                })
                .into(),
        };
        let request = |text: &str| serde_json::from_str::<StartRequest>(text);
        let words = |text: &str| request(text).unwrap().command_words(&catalogue);
        assert_eq!(words(r#"{"suite": "smoke"}"#).unwrap(), ["run", "smoke"]);
        assert_eq!(
            words(r#"{"experiment": "mentor_cache", "quick": true}"#).unwrap(),
            ["experiment", "mentor_cache", "--quick"]
        );
        let whole = r#"{"suite": "smoke", "rate": "20/s", "duration": "30s",
            "switches": ["pool.max=5"], "thresholds": ["p95 < 100ms"]}"#;
        assert_eq!(
            words(whole).unwrap()[2..],
            [
                "--rate=20/s",
                "--duration=30s",
                "--set=pool.max=5",
                "--threshold=p95 < 100ms"
            ]
        );
        let set = r#"{"experiment": "mentor_cache", "switches": ["pool.max=5"]}"#;
        assert_eq!(words(set).unwrap()[2], "--set-after=pool.max=5");
        // What the catalogue lists can be set.
        for switch in &catalogue.switches {
            let set = format!("{}={}", switch.path, switch.value);
            let body = serde_json::json!({ "suite": "smoke", "switches": [set] });
            let words = words(&body.to_string()).unwrap();
            assert_eq!(words[2], format!("--set={set}"));
        }
        for wrong in [
            r#"{"suite": "/etc/passwd"}"#,
            r#"{"suite": "--help"}"#,
            r#"{"suite": "mentor_cache"}"#,
            r#"{"suite": "smoke", "experiment": "mentor_cache"}"#,
            r#"{"suite": "smoke", "quick": true}"#,
            r#"{"suite": "smoke", "rate": "--help"}"#,
            r#"{"suite": "smoke", "duration": "long"}"#,
            r#"{"suite": "smoke", "switches": ["pool.max"]}"#,
            r#"{"suite": "smoke", "switches": ["pool.min=1"]}"#,
            r#"{"suite": "smoke", "switches": ["pool.max=1;x"]}"#,
            r#"{"suite": "smoke", "thresholds": ["p95"]}"#,
            "{}",
        ] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
        assert!(request(r#"{"suite": "smoke", "target": "x"}"#).is_err());
    }
}
