//! Which commands can be started from the page, and the command line of each.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

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
}

/// Why a request names nothing that can be started.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidRequest(&'static str);

impl StartRequest {
    /// The command line of a request; every word of it comes from this program.
    pub(super) fn command_words<'a>(
        &self,
        catalogue: &'a JobCatalogue,
    ) -> Result<Vec<&'a str>, InvalidRequest> {
        let find = |entries: &'a [CatalogueEntry], name: &str| {
            let found = entries.iter().find(|entry| entry.name == name);
            found.map(|entry| entry.name.as_str()).ok_or(InvalidRequest(
                "no suite or experiment of that name comes with this program; /api/catalogue lists them",
            ))
        };
        match (&self.suite, &self.experiment, self.quick) {
            (Some(name), None, false) => Ok(vec!["run", find(&catalogue.suites, name)?]),
            (Some(_), None, true) => Err(InvalidRequest("only an experiment has a quick form")),
            (None, Some(name), quick) => {
                let mut words = vec!["experiment", find(&catalogue.experiments, name)?];
                words.extend(quick.then_some("--quick"));
                Ok(words)
            }
            _ => Err(InvalidRequest("name either a suite or an experiment")),
        }
    }
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
        };
        let request = |text: &str| serde_json::from_str::<StartRequest>(text);
        let words = |text: &str| request(text).unwrap().command_words(&catalogue);
        assert_eq!(words(r#"{"suite": "smoke"}"#).unwrap(), ["run", "smoke"]);
        assert_eq!(
            words(r#"{"experiment": "mentor_cache", "quick": true}"#).unwrap(),
            ["experiment", "mentor_cache", "--quick"]
        );
        for wrong in [
            r#"{"suite": "/etc/passwd"}"#,
            r#"{"suite": "--help"}"#,
            r#"{"suite": "mentor_cache"}"#,
            r#"{"suite": "smoke", "experiment": "mentor_cache"}"#,
            r#"{"suite": "smoke", "quick": true}"#,
            "{}",
        ] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
        assert!(request(r#"{"suite": "smoke", "target": "x"}"#).is_err());
    }
}
