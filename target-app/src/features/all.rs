//! All features, in the order of their declarations in `mod.rs`, in which the API describes them.

use crate::{
    db::audit::Invariant,
    feature::{Feature, Surroundings, Worker},
    registry::{FeatureParts, Registry},
};

/// Every feature.
pub fn all() -> Vec<Feature> {
    include!(concat!(env!("OUT_DIR"), "/features.rs"))
}

/// What all features have together, routes aside.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    for feature in all() {
        feature.register(&mut registry);
    }
    registry.invariants.sort_by_key(Invariant::number);
    registry
}

/// What the requests of all features share; the first feature that fails says why.
pub async fn prepare(around: &Surroundings<'_>) -> Result<FeatureParts, String> {
    let mut parts = FeatureParts::default();
    let preparations: Vec<_> = all().into_iter().filter_map(|one| one.prepare).collect();
    for prepare in preparations {
        prepare(around, &mut parts).await?;
    }
    Ok(parts)
}

/// What runs beside the requests.
pub fn workers() -> impl Iterator<Item = Worker> {
    all().into_iter().filter_map(|feature| feature.worker)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use shared::profile::{Profile, cache_switches};

    use super::*;
    use crate::engine::Policies;

    /// The folder of all features.
    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/features")
    }

    /// Names without `ending` of the files in each feature's folder `audit` that end with it.
    fn audit_files(ending: &str) -> BTreeSet<String> {
        let folders = fs::read_dir(folder()).unwrap();
        folders
            .map(|entry| entry.unwrap().path().join("audit"))
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
            .collect()
    }

    #[test]
    fn every_folder_is_a_feature_of_its_name() {
        let names: BTreeSet<_> = all()
            .iter()
            .map(|feature| feature.name.to_owned())
            .collect();
        let folders: BTreeSet<_> = fs::read_dir(folder())
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, folders);
    }

    #[test]
    fn every_file_of_an_audit_folder_is_run_or_breaks_an_invariant_that_is() {
        let invariants = registry().invariants;
        let run: BTreeSet<_> = invariants.iter().map(|one| one.file.to_owned()).collect();
        let mut files = audit_files(".sql");
        files.retain(|name| !name.contains('.'));
        assert_eq!(files, run);
        // What contradicts a ledger is planted where the ledger is made, in tests/it/lab/ledger.rs.
        let breakable = invariants.iter().filter(|one| !one.needs_ledger());
        let breakable: BTreeSet<_> = breakable.map(|one| one.file.to_owned()).collect();
        assert_eq!(audit_files(".break.sql"), breakable);
    }

    #[test]
    fn every_invariant_has_a_number_of_its_own_a_name_and_a_sentence() {
        let mut numbers = BTreeSet::new();
        for one in registry().invariants {
            assert!(
                one.number() > 0 && numbers.insert(one.number()),
                "{}",
                one.file
            );
            assert!(!one.name().is_empty());
            assert!(one.statement().len() > 20, "{}", one.file);
            assert!(one.statement().ends_with('.'), "{}", one.file);
            // The README says so, and reports sort by it.
            assert_eq!(
                one.needs_ledger(),
                (50..90).contains(&one.number()),
                "{}",
                one.file
            );
        }
    }

    #[test]
    fn every_kind_of_cached_values_is_declared_once_and_has_its_switches() {
        let mut names = BTreeSet::new();
        for kind in registry().cache_kinds() {
            assert!(names.insert(kind.name), "{}", kind.name);
            let mut profile = Profile::default();
            profile
                .apply(&format!("cache.{}=tiered", kind.name))
                .unwrap();
            profile
                .apply(&format!("cache.{}.ttl=7s", kind.name))
                .unwrap();
            assert!(kind.uses_redis(&profile), "{}", kind.name);
            assert_eq!((kind.ttl)(&profile).as_secs(), 7, "{}", kind.name);
        }
        let switches: BTreeSet<_> = cache_switches()
            .map(|path| path.trim_start_matches("cache."))
            .collect();
        assert_eq!(names, switches);
    }

    #[test]
    fn every_explained_operation_is_named_once_by_its_feature_and_has_statements() {
        let mut names = BTreeSet::new();
        for feature in all() {
            for operation in feature.explained {
                let name = operation.name;
                assert!(names.insert(name), "{name}");
                assert!(name.starts_with(&format!("{}.", feature.name)), "{name}");
                for profile in [Profile::before(), Profile::after()] {
                    assert!(
                        !(operation.statements)(&Policies::new(&profile)).is_empty(),
                        "{name}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_seed_gives_one_digest_on_any_day_and_with_any_hash() {
        let tables = registry().tables;
        let digest = |seed, anchor: &str, hash: &str| {
            crate::seed::digest_of(&tables, seed, anchor.parse().unwrap(), hash)
        };
        let first = digest(42, "2026-03-01T00:00:00Z", "$2b$10$first");
        assert_eq!(first, digest(42, "2027-08-09T00:00:00Z", "$2b$10$second"));
        assert_ne!(first, digest(43, "2026-03-01T00:00:00Z", "$2b$10$first"));
    }
}
