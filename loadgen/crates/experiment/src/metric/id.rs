//! Which figure, and of what. A metric is stored and named in experiments by its text:
//! `orders.list p97.5`, `total success`, `cache hit ratio orders`, `shop cpu per request`. The label of a figure of the
//! target, which reports print, names it too.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Margin, MetricDescription, MetricKind, MetricUnit, OperationFigure, TargetFigure};

/// Name of all operations together.
const TOTAL: &str = "total";
/// Before the name of a kind of cache.
const HIT_RATIO: MetricDescription = MetricDescription {
    name: "cache hit ratio",
    label: "hits",
    unit: MetricUnit::Percent,
    kind: MetricKind::Share,
    margin: Margin::Tail,
    definition: "Look-ups in this cache that found a value, over all look-ups in it",
};
/// Before the name of a kind of cache.
const ATTAINABLE: MetricDescription = MetricDescription {
    name: "attainable cache hit ratio",
    label: "attainable",
    unit: MetricUnit::Percent,
    kind: MetricKind::Neutral,
    margin: Margin::Tail,
    definition: "Hit ratio that a cache which forgets nothing would have reached, from how often each key is asked for",
};
/// After the name of a process.
const CPU: MetricDescription = MetricDescription {
    name: "cpu per request",
    label: "CPU per request",
    unit: MetricUnit::Milliseconds,
    kind: MetricKind::Effort,
    margin: Margin::Cost,
    definition: "CPU milliseconds that the process used, user and system, over the requests to the API",
};
/// After the name of a process.
const MEMORY: MetricDescription = MetricDescription {
    name: "memory",
    label: "memory",
    unit: MetricUnit::Bytes,
    kind: MetricKind::Effort,
    margin: Margin::Tail,
    definition: "Largest resident memory of the process in a sample",
};

/// After the name of an instance.
const INSTANCE_SHARE: MetricDescription = MetricDescription {
    name: "share of requests",
    label: "share of requests",
    unit: MetricUnit::Percent,
    kind: MetricKind::Neutral,
    margin: Margin::Tail,
    definition: "Requests to the API that this instance answered, over those of all instances",
};

/// The identity of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetricId {
    /// Of one operation's requests.
    Operation(String, OperationFigure),
    /// Of all operations together.
    Total(OperationFigure),
    /// Of the target.
    Target(TargetFigure),
    /// Hit ratio of a kind of cache.
    CacheHitRatio(String),
    /// Hit ratio that a kind of cache could have had.
    AttainableHitRatio(String),
    /// CPU time of a process by request.
    CpuPerRequest(String),
    /// Memory of a process.
    Memory(String),
    /// Share of the requests that an instance answered.
    InstanceShare(String),
}

/// A text that names no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no metric; docs/OBSERVABILITY.md lists them")]
pub struct UnknownMetric(String);

impl MetricId {
    /// What is known of it.
    pub const fn description(&self) -> MetricDescription {
        match self {
            Self::Operation(_, figure) | Self::Total(figure) => figure.description(),
            Self::Target(figure) => figure.description(),
            Self::CacheHitRatio(_) => HIT_RATIO,
            Self::AttainableHitRatio(_) => ATTAINABLE,
            Self::CpuPerRequest(_) => CPU,
            Self::Memory(_) => MEMORY,
            Self::InstanceShare(_) => INSTANCE_SHARE,
        }
    }
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.description().name;
        match self {
            Self::Total(_) => write!(f, "{TOTAL} {name}"),
            Self::Target(_) => f.write_str(name),
            Self::CacheHitRatio(kind) | Self::AttainableHitRatio(kind) => {
                write!(f, "{name} {kind}")
            }
            Self::Operation(of, _)
            | Self::CpuPerRequest(of)
            | Self::Memory(of)
            | Self::InstanceShare(of) => {
                write!(f, "{of} {name}")
            }
        }
    }
}

impl FromStr for MetricId {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        let after =
            |what: &MetricDescription| Some(text.strip_prefix(what.name)?.strip_prefix(' '));
        let before = |name: &str| text.strip_suffix(name)?.strip_suffix(' ');
        let targets = TargetFigure::ALL.into_iter();
        if let Some(found) = targets
            .into_iter()
            .find(|one| [one.description().name, one.description().label].contains(&text))
        {
            return Ok(Self::Target(found));
        }
        if let Some(kind) = after(&HIT_RATIO).flatten() {
            return Ok(Self::CacheHitRatio(kind.to_owned()));
        }
        if let Some(kind) = after(&ATTAINABLE).flatten() {
            return Ok(Self::AttainableHitRatio(kind.to_owned()));
        }
        if let Some(process) = before(CPU.name) {
            return Ok(Self::CpuPerRequest(process.to_owned()));
        }
        if let Some(process) = before(MEMORY.name) {
            return Ok(Self::Memory(process.to_owned()));
        }
        if let Some(instance) = before(INSTANCE_SHARE.name) {
            return Ok(Self::InstanceShare(instance.to_owned()));
        }
        OperationFigure::ALL
            .into_iter()
            .find_map(|figure| match before(figure.description().name)? {
                TOTAL => Some(Self::Total(figure)),
                operation => Some(Self::Operation(operation.to_owned(), figure)),
            })
            .ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

impl Serialize for MetricId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MetricId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for MetricId {
    fn schema_name() -> Cow<'static, str> {
        "MetricId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Which figure, and of what: `orders.list p97.5`, `queries per request`."
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn every() -> Vec<MetricId> {
        let of = |name: &str| name.to_owned();
        let mut all = vec![
            MetricId::CacheHitRatio(of("orders")),
            MetricId::AttainableHitRatio(of("orders")),
            MetricId::CpuPerRequest(of("shop")),
            MetricId::Memory(of("shop")),
            MetricId::InstanceShare(of("shop")),
        ];
        for figure in OperationFigure::ALL {
            all.push(MetricId::Operation(of("orders.list"), figure));
            all.push(MetricId::Total(figure));
        }
        all.extend(TargetFigure::ALL.map(MetricId::Target));
        all
    }

    #[test]
    fn a_metric_is_stored_as_its_name_and_read_back_from_it() {
        for id in every() {
            assert_eq!(id.to_string().parse::<MetricId>().unwrap(), id);
            let stored = serde_json::to_value(&id).unwrap();
            assert_eq!(stored, id.to_string());
            assert_eq!(serde_json::from_value::<MetricId>(stored).unwrap(), id);
        }
        // Reports print the label of a figure of the target.
        for figure in TargetFigure::ALL {
            let printed = figure.description().label.parse::<MetricId>();
            assert_eq!(printed, Ok(MetricId::Target(figure)));
        }
        for wrong in ["", "p50", "orders.list", "orders.list p12", "queries"] {
            assert!(wrong.parse::<MetricId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_document_lists_every_metric_as_it_is() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../docs/OBSERVABILITY.md"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let of = |name: &str| name.to_owned();
        let mut all: Vec<MetricId> = OperationFigure::ALL
            .map(|figure| MetricId::Operation(of("OPERATION"), figure))
            .into();
        all.extend(TargetFigure::ALL.map(MetricId::Target));
        all.extend([
            MetricId::CacheHitRatio(of("KIND")),
            MetricId::AttainableHitRatio(of("KIND")),
            MetricId::CpuPerRequest(of("PROCESS")),
            MetricId::Memory(of("PROCESS")),
            MetricId::InstanceShare(of("INSTANCE")),
        ]);
        let right: Vec<String> = all
            .iter()
            .map(|id| {
                let MetricDescription {
                    unit, definition, ..
                } = id.description();
                format!("| {id} | {unit} | {definition} |")
            })
            .collect();
        let shown: Vec<&str> = text
            .lines()
            .filter(|line| right.iter().any(|row| row == line))
            .collect();
        assert_eq!(
            shown,
            right,
            "docs/OBSERVABILITY.md; put there:\n{}",
            right.join("\n")
        );
    }

    #[test]
    fn a_name_and_a_label_have_one_definition_and_a_definition_one_name() {
        let all = every();
        let names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), all.len());
        let mut definitions: BTreeMap<&str, &str> = BTreeMap::new();
        for id in &all {
            let MetricDescription {
                name, definition, ..
            } = id.description();
            let known = definitions.entry(definition).or_insert(name);
            assert_eq!(*known, name, "{definition}");
            assert!(
                !definition.is_empty() && !definition.ends_with('.') && !definition.contains(". "),
                "{definition}"
            );
        }
        let whole_target: Vec<MetricDescription> =
            TargetFigure::ALL.map(TargetFigure::description).to_vec();
        let labels: BTreeSet<&str> = whole_target.iter().map(|one| one.label).collect();
        assert_eq!(labels.len(), whole_target.len());
        let of_requests = OperationFigure::ALL.map(OperationFigure::description);
        let labels: BTreeSet<&str> = of_requests.iter().map(|one| one.label).collect();
        assert_eq!(labels.len(), of_requests.len());
    }
}
