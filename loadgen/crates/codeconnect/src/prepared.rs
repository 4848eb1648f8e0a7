//! The reference backend in order for one trial: its data reset, a profile in force, the accounts
//! signed in, and the ledger of the writes that it acknowledges from now on.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use shared::{
    api::lab::ProfileView,
    dataset::{Counts, Scale},
    profile::Compression,
};

use super::{all_instances, lab_client::LabClient, sessions::Renewal};
use crate::{
    features,
    flows::{CachedReads, World},
    ledger::ledger_csv,
};
use loadgen_engine::{
    driver::{ClientOptions, Encoding},
    flow::Flow,
};
use loadgen_experiment::system::{
    Audited, ConsistencyRecord, InForce, PreparedSystem, Settings, SystemError,
};
use loadgen_stats::attainable_hit_ratio;

/// The backend in order for one trial.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The control plane of each process; the first is asked for what all share.
    pub(super) labs: Vec<LabClient>,
    /// Digest of what was put in force; absent where the target does not report it.
    pub(super) fingerprint: Option<String>,
    pub(super) in_force: Option<InForce>,
    pub(super) encoding: Option<Encoding>,
    pub(super) world: Arc<World>,
    pub(super) warnings: Vec<String>,
    /// Renews the accounts' tokens as long as this lives, where a trial is longer than they live.
    pub(super) _renewal: Option<Renewal>,
}

/// The profile in force, read back from the control plane.
pub(super) fn in_force(view: &ProfileView) -> InForce {
    let (environment, warnings) = environment(view);
    InForce {
        settings: Settings(view.in_force.clone()),
        dataset: view.dataset.clone(),
        environment,
        warnings,
    }
}

/// How many rows of each kind a target of that scale holds; small where it does not say.
pub(super) fn rows(scale: Option<&str>) -> Counts {
    scale
        .and_then(|word| word.parse::<Scale>().ok())
        .unwrap_or(Scale::Small)
        .counts()
}

/// The encoding that a client requests to use what the target's switch offers.
pub(super) const fn encoding(offered: Compression) -> Option<Encoding> {
    match offered {
        Compression::Off => None,
        Compression::Gzip => Some(Encoding::Gzip),
        Compression::Br => Some(Encoding::Br),
    }
}

/// Versions and settings of the services as `(name, value)`, and warnings about them.
fn environment(view: &ProfileView) -> (Vec<(String, String)>, Vec<String>) {
    let mut environment = vec![("target build".to_owned(), view.build.clone())];
    if let Some(scale) = &view.scale {
        environment.push(("data".to_owned(), scale.clone()));
    }
    if let Some(dataset) = &view.dataset {
        environment.push(("data digest".to_owned(), dataset.clone()));
    }
    for (name, value) in &view.postgres {
        environment.push((format!("PostgreSQL {name}"), value.clone()));
    }
    if let Some(version) = &view.redis_version {
        environment.push(("Redis version".to_owned(), version.clone()));
    }
    let mut warnings = Vec::new();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        if view
            .postgres
            .get(setting)
            .is_some_and(|value| value == "off")
        {
            warnings.push(format!(
                "PostgreSQL runs with {setting}=off: writes are faster than they would be in service"
            ));
        }
    }
    if view.build.contains("debug") {
        warnings.push(
            "the target is a debug build: its own CPU time is several times what a release build needs; compare the arms with each other, not with other runs".to_owned(),
        );
    }
    (environment, warnings)
}

impl PreparedSystem for Prepared {
    fn in_force(&self) -> Option<&InForce> {
        self.in_force.as_ref()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn flow(&self, name: &str) -> Option<Arc<dyn Flow>> {
        features::bind(name, &self.world)
    }

    fn client(&self) -> ClientOptions {
        ClientOptions {
            encoding: self.encoding,
            ..ClientOptions::default()
        }
    }

    fn consistency(&self) -> ConsistencyRecord {
        ConsistencyRecord {
            writes: self.world.ledger.counts(),
            freshness: self.world.ledger.freshness(),
        }
    }

    fn changed_since(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async {
            let asked = self.fingerprint.as_deref()?;
            all_instances::changed(&self.labs, asked, all_instances::CONFIRM_TIMEOUT).await
        })
    }

    fn clean_up(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async {
            match &self.world.database {
                Some(database) => database.remove_rows().await.err().into_iter().collect(),
                None => Vec::new(),
            }
        })
    }

    fn audit(&self) -> BoxFuture<'_, Result<Option<Audited>, SystemError>> {
        Box::pin(async {
            let lab = &self.labs[0];
            if !lab.has_token() {
                return Ok(None);
            }
            let ledger = self.world.ledger.ledger();
            // Rows of earlier writers would count as phantoms.
            let ledger = self.world.fresh.then_some(&ledger);
            match lab.audit(ledger).await {
                Ok(report) => Ok(Some(Audited {
                    invariants: report.invariants,
                    failed: report
                        .failed
                        .iter()
                        .map(|part| format!("{}: {}", part.part, part.reason))
                        .collect(),
                })),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn attainable_hit_ratios(
        &self,
        requests: &dyn Fn(&str) -> u64,
        warm_up: f64,
    ) -> BTreeMap<String, f64> {
        let attainable = |cache: &CachedReads| {
            let weights = cache.weights?(&self.world);
            let sent = requests(cache.operation.descriptor().name) as f64;
            // The load before the window is about as dense as that in it.
            let ratio = attainable_hit_ratio(&weights, sent * warm_up, sent)?;
            Some((cache.kind().to_owned(), ratio))
        };
        features::caches().filter_map(attainable).collect()
    }

    fn export_record(&self) -> Result<String, SystemError> {
        serde_json::to_string(&self.world.ledger.record())
            .map_err(|error| SystemError::Failed(format!("the ledger cannot be sent: {error}")))
    }

    fn import_record(&self, record: &str) -> Result<(), SystemError> {
        let record =
            serde_json::from_str(record).map_err(|error| SystemError::Failed(error.to_string()))?;
        self.world.ledger.join(record);
        Ok(())
    }

    fn artifacts(&self) -> Vec<(String, Vec<u8>)> {
        let csv = ledger_csv(&self.world.ledger.ledger());
        vec![("ledger.csv".to_owned(), csv.into_bytes())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scale_counts_as_small() {
        assert_eq!(rows(Some("tiny")), Scale::Tiny.counts());
        assert_eq!(rows(None), Scale::Small.counts());
        assert_eq!(rows(Some("vast")), Scale::Small.counts());
    }
}
