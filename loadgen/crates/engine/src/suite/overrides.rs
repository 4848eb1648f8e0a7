//! Phases given on the command line as JSON, in the form that Artillery has for them, which replace the
//! load of a suite.
//!
//! ```json
//! { "config": { "phases": [ { "name": "warm up", "duration": 60, "arrivalRate": 10, "rampTo": 50 } ] } }
//! ```
//!
//! `config` may be left out. A number is seconds, or arrivals a second; a text has a unit like in a
//! suite file: `"90s"`, `"600/m"`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    load::{RawLoad, check_scope, from_yaml},
    load_spec::LoadSpec,
    model::{LoadModel, Suite},
    reader::{BadFile, Reader},
};
use crate::flow::Catalog;

/// What errors name instead of a file.
const SOURCE: &str = "--overrides";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideRoot {
    config: Option<OverrideConfig>,
    phases: Option<Vec<OverridePhase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideConfig {
    phases: Vec<OverridePhase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OverridePhase {
    name: Option<String>,
    duration: Value,
    arrival_rate: Value,
    ramp_to: Option<Value>,
}

impl Suite {
    /// Replaces the load by the phases of a JSON text; the load is open then.
    pub fn override_phases(&mut self, text: &str, catalog: &Catalog) -> Result<(), BadFile> {
        let root: OverrideRoot = serde_json::from_str(text)
            .map_err(|error| BadFile(format!("{SOURCE}: {error}; {}", shape())))?;
        let phases = match (root.config, root.phases) {
            (Some(config), None) => config.phases,
            (None, Some(phases)) => phases,
            _ => return Err(BadFile(format!("{SOURCE}: {}", shape()))),
        };
        let phases: Vec<Value> = phases
            .into_iter()
            .enumerate()
            .map(|(index, phase)| phase.into_suite_form(index + 1))
            .collect::<Result<_, _>>()?;
        // JSON is YAML: from here on the rules are those of a file.
        let load = json!({ "model": "open", "phases": phases }).to_string();
        let raw: serde_saphyr::Spanned<RawLoad> = from_yaml(&load, SOURCE)?;
        let reader = Reader {
            file: SOURCE,
            catalog,
        };
        let LoadSpec {
            mut load,
            options,
            windows,
        } = reader.load(&raw, None, &self.flows)?;
        if let (
            LoadModel::Open { arrivals, .. },
            LoadModel::Open {
                arrivals: former, ..
            },
        ) = (&mut load, &self.load)
        {
            *arrivals = *former;
        }
        let in_flight = self.options.in_flight;
        self.options = super::LoadOptions {
            in_flight,
            ..options
        };
        self.windows = super::Windows {
            drain: self.windows.drain,
            ..windows
        };
        self.load = load;
        for threshold in &self.thresholds {
            check_scope(threshold, self, catalog)
                .map_err(|why| BadFile(format!("{SOURCE}: threshold `{threshold}`: {why}")))?;
        }
        Ok(())
    }
}

impl OverridePhase {
    /// The phase with the keys and units of a suite file; `number` counts from 1.
    fn into_suite_form(self, number: usize) -> Result<Value, BadFile> {
        let wrong = |key: &str, right: &str, found: &Value| {
            BadFile(format!(
                "{SOURCE}: `{key}` of phase {number} is {right}, not {found}"
            ))
        };
        let rate = |key: &str, value: &Value| match value {
            Value::Number(number) => Ok(format!("{number}/s")),
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong(key, "arrivals a second, like 10 or \"600/m\"", other)),
        };
        let mut phase = Map::new();
        if let Some(name) = self.name {
            phase.insert("name".to_owned(), name.into());
        }
        let duration = match &self.duration {
            Value::Number(seconds) => seconds.as_u64().map(|seconds| format!("{seconds}s")),
            Value::String(text) => Some(text.clone()),
            _ => None,
        };
        let duration = duration.ok_or_else(|| {
            wrong(
                "duration",
                "a whole number of seconds, like 60 or \"90s\"",
                &self.duration,
            )
        })?;
        phase.insert("duration".to_owned(), duration.into());
        let begin = rate("arrivalRate", &self.arrival_rate)?;
        phase.insert("rate".to_owned(), begin.into());
        if let Some(end) = &self.ramp_to {
            phase.insert("to".to_owned(), rate("rampTo", end)?.into());
        }
        Ok(Value::Object(phase))
    }
}

/// What would be right.
fn shape() -> String {
    "write {\"config\":{\"phases\":[{\"duration\":60,\"arrivalRate\":10}]}}, with `name` and `rampTo` if wanted"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use shared::time::Millis;

    use super::*;
    use crate::{flow::shop, suite::load::parse};

    fn suite() -> Suite {
        let text = "name: x\nload: { model: open, rate: 20/s, duration: 10s, arrivals: constant }\n\
                    flows: [ { flow: orders.buy } ]\nthresholds: [ p95 < 1s ]\n";
        parse(text, "x.yaml", &shop()).unwrap()
    }

    fn overridden(text: &str) -> Result<Suite, String> {
        let mut suite = suite();
        suite
            .override_phases(text, &shop())
            .map(|()| suite)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_phases_of_the_document_replace_the_load() {
        let document = r#"{"config":{"phases":[{"duration":60,"arrivalRate":10}]}}"#;
        let short = r#"{"phases":[{"name":"warm up","duration":30,"arrivalRate":5,"rampTo":20},{"duration":"2m","arrivalRate":"1200/m"}]}"#;
        let one = overridden(document).unwrap();
        assert_eq!(one.windows.measure, Millis(60_000));
        assert!(one.load.is_even(), "how arrivals lie stays");
        let LoadModel::Open { phases, .. } = &one.load else {
            panic!("open")
        };
        assert_eq!(phases.len(), 1);
        assert_eq!(phases[0].rate.to_string(), "10/s");
        let two = overridden(short).unwrap();
        assert_eq!(two.windows.warm_up, Millis(30_000));
        assert_eq!(two.windows.measure, Millis(120_000));
        let LoadModel::Open { phases, .. } = &two.load else {
            panic!("open")
        };
        assert_eq!(phases[0].to.unwrap().to_string(), "20/s");
        assert!((phases[1].rate.as_per_second() - 20.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_wrong_is_one_line_that_says_what_would_be_right() {
        for (text, expected) in [
            ("{", "--overrides: EOF"),
            ("[]", "--overrides: invalid"),
            ("{}", "arrivalRate"),
            (r#"{"phases":[],"config":{"phases":[]}}"#, "--overrides"),
            (r#"{"config":{"fases":[]}}"#, "unknown field `fases`"),
            (r#"{"phases":[]}"#, "`phases` is empty"),
            (
                r#"{"phases":[{"duration":60,"rate":10}]}"#,
                "unknown field `rate`",
            ),
            (r#"{"phases":[{"arrivalRate":10}]}"#, "`duration`"),
            (
                r#"{"phases":[{"duration":1.5,"arrivalRate":10}]}"#,
                "`duration` of phase 1 is a whole number of seconds",
            ),
            (
                r#"{"phases":[{"duration":60,"arrivalRate":[10]}]}"#,
                "`arrivalRate` of phase 1",
            ),
            (
                r#"{"phases":[{"duration":"60 parsecs","arrivalRate":10}]}"#,
                "--overrides",
            ),
            (
                r#"{"phases":[{"duration":60,"arrivalRate":"10/year"}]}"#,
                "--overrides",
            ),
            (
                r#"{"phases":[{"duration":60,"arrivalRate":-1}]}"#,
                "--overrides",
            ),
        ] {
            let error = overridden(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_threshold_about_a_phase_that_is_gone_is_refused() {
        let text = "name: x\nload: { model: open, phases: [ {name: peak, duration: 10s, rate: 5/s} ] }\n\
                    flows: [ { flow: orders.buy } ]\nthresholds: [ \"phase:peak: p95 < 1s\" ]\n";
        let mut suite = parse(text, "x.yaml", &shop()).unwrap();
        let gone = r#"{"phases":[{"duration":60,"arrivalRate":10}]}"#;
        let error = suite.override_phases(gone, &shop()).unwrap_err();
        assert!(error.to_string().contains("phase:peak"), "{error}");
    }
}
