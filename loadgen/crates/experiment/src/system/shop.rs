//! A made-up application for tests of generic code.

use super::{AdmissionSwitch, Application, Settings};
use crate::{
    metric::{MetricId, OperationFigure},
    schema::{ApplicationArea, ApplicationInfo},
};
use loadgen_engine::flow::{Catalog, shop};

/// A shop that sells orders.
#[derive(Debug)]
pub struct Shop;

const SWITCHES: [(&str, &[&str], &str, &str); 5] = [
    ("admission", &["off", "limit(4)", "limit(9)"], "off", "off"),
    ("cache.orders", &["off", "memory", "redis"], "off", "redis"),
    ("orders.lock", &["row", "none"], "row", "row"),
    ("pool.max", &["5", "7", "200"], "5", "200"),
    ("test.slowdown", &["0", "10"], "0", "0"),
];

impl Application for Shop {
    fn catalog(&self) -> &Catalog {
        static CATALOG: std::sync::LazyLock<Catalog> = std::sync::LazyLock::new(shop);
        &CATALOG
    }

    fn profile(&self, name: &str) -> Result<Settings, String> {
        let after = match name {
            "before" => false,
            "after" => true,
            _ => {
                return Err(format!(
                    "unknown profile `{name}`; it is `before` or `after`"
                ));
            }
        };
        Ok(SWITCHES
            .iter()
            .map(|(path, _, early, late)| {
                let value = if after { late } else { early };
                ((*path).to_owned(), (*value).to_owned())
            })
            .collect())
    }

    fn default_profile(&self) -> Settings {
        self.profile("after").expect("the shop has this profile")
    }

    fn set(&self, settings: &mut Settings, path: &str, value: &str) -> Result<(), String> {
        let Some((_, takes, ..)) = SWITCHES.iter().find(|(known, ..)| *known == path) else {
            return Err(format!(
                "unknown switch `{path}`; did you mean `cache.orders`?"
            ));
        };
        if !takes.contains(&value) {
            return Err(format!("`{path}` takes {}", takes.join(", ")));
        }
        settings.0.insert(path.to_owned(), value.to_owned());
        Ok(())
    }

    fn known_wrong(&self, settings: &Settings) -> Vec<String> {
        match settings.get("orders.lock") {
            Some("none") => vec!["orders.lock=none".to_owned()],
            _ => Vec::new(),
        }
    }

    fn default_primary(&self) -> Vec<MetricId> {
        let operation = "orders.list".to_owned();
        vec![MetricId::Operation(operation, OperationFigure::P97_5)]
    }

    fn cache_kinds(&self) -> &'static [&'static str] {
        &["orders"]
    }

    fn info(&self) -> ApplicationInfo {
        ApplicationInfo {
            name: "Shop".to_owned(),
            areas: vec![ApplicationArea {
                label: "Orders".to_owned(),
                operations: vec!["orders.list".to_owned(), "orders.create".to_owned()],
                headline: vec!["orders.list".to_owned()],
            }],
            processes: vec!["shop".to_owned()],
            cache_kinds: [("orders".to_owned(), "orders".to_owned())].into(),
            completions: Vec::new(),
        }
    }

    fn slowdown_switch(&self) -> Option<&'static str> {
        Some("test.slowdown")
    }

    fn admission_switch(&self) -> Option<AdmissionSwitch> {
        Some(AdmissionSwitch {
            path: "admission",
            values: &["off", "limit(4)"],
        })
    }
}
