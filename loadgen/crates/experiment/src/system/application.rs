//! What is known of an application before any of it runs.

use std::fmt;

use super::settings::Settings;
use crate::{diagnose::HintCatalog, metric::MetricId, schema::ApplicationInfo};
use loadgen_engine::flow::Catalog;

/// The switch that decides what is done with requests beyond those that an application can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionSwitch {
    /// Its path.
    pub path: &'static str,
    /// The values that are loaded past the capacity beside the one in force.
    pub values: &'static [&'static str],
}

/// An application that experiments can be written about: what can be sent to it, and what can be
/// switched in it.
pub trait Application: fmt::Debug + Send + Sync {
    /// Its operations and flows.
    fn catalog(&self) -> &Catalog;

    /// The configuration of that name; the error lists the known names.
    fn profile(&self, name: &str) -> Result<Settings, String>;

    /// The configuration that an arm begins with where its file names none.
    fn default_profile(&self) -> Settings;

    /// Sets one switch; the error names the nearest switch, or what the switch takes.
    fn set(&self, settings: &mut Settings, path: &str, value: &str) -> Result<(), String>;

    /// The switches that make a configuration known to be wrong, as `switch=value`: such values
    /// exist only to prove that the audit notices.
    fn known_wrong(&self, _settings: &Settings) -> Vec<String> {
        Vec::new()
    }

    /// The metrics of the claims where an experiment names none.
    fn default_primary(&self) -> Vec<MetricId>;

    /// What is known of its switches, tables and caches, for hints.
    fn hints(&self) -> HintCatalog<'static> {
        HintCatalog::default()
    }

    /// The cache kinds that report a hit ratio.
    fn cache_kinds(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its names and labels, as they are stored for reports.
    fn info(&self) -> ApplicationInfo;

    /// The switch that makes every request slower by so many per cent, for the control that
    /// plants a known effect; `None` where the application has none.
    fn slowdown_switch(&self) -> Option<&'static str> {
        None
    }

    /// The switch by which it refuses requests under overload; `None` where the application has none.
    fn admission_switch(&self) -> Option<AdmissionSwitch> {
        None
    }
}
