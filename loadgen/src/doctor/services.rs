//! Findings about programs: those that an own stack needs, and the configuration of a running target
//! and of its database.

use shared::api::lab::ProfileView;

use super::finding::Finding;

/// Connections that PostgreSQL keeps for its superusers, and a few of ours beside the pool.
const RESERVED: u32 = 8;

/// How loadgen itself was built.
pub(super) fn build(debug: bool) -> Finding {
    if debug {
        Finding::warn(
            "loadgen",
            "a debug build",
            "it costs several times the processor time that it has to, and takes it from the target",
            "`cargo build --release`",
        )
    } else {
        Finding::ok("loadgen", "a release build")
    }
}

/// The programs of an own stack.
pub(super) fn programs(missing: &[String]) -> Vec<Finding> {
    if missing.is_empty() {
        return vec![Finding::ok("programs", "those of an own stack are there")];
    }
    missing
        .iter()
        .map(|what| {
            Finding::bad(
                "programs",
                what.clone(),
                "there is no own stack without it",
                "install it, or name services that are running with --target",
            )
        })
        .collect()
}

/// Findings about the processes of a running target. Where there are several, each names its host.
pub(super) fn targets(views: &[(String, ProfileView)]) -> Vec<Finding> {
    let findings = views.iter().flat_map(|(host, view)| {
        target(view).into_iter().map(move |finding| match views {
            [_] => finding,
            _ => Finding {
                found: format!("{host}: {}", finding.found),
                ..finding
            },
        })
    });
    findings.collect()
}

fn target(view: &ProfileView) -> Vec<Finding> {
    vec![
        target_build(view),
        durability(view),
        pool(view),
        in_force(view),
    ]
}

fn target_build(view: &ProfileView) -> Finding {
    if view.build.contains("debug") {
        Finding::warn(
            "target",
            view.build.clone(),
            "its own processor time is several times that of a release build: the share of the database looks small",
            "`cargo build --release`, and start that one",
        )
    } else {
        Finding::ok("target", view.build.clone())
    }
}

fn durability(view: &ProfileView) -> Finding {
    let off: Vec<&str> = ["fsync", "full_page_writes", "synchronous_commit"]
        .into_iter()
        .filter(|setting| {
            view.postgres
                .get(*setting)
                .is_some_and(|value| value == "off")
        })
        .collect();
    if off.is_empty() {
        Finding::ok("durability", "PostgreSQL waits for the disk")
    } else {
        Finding::warn(
            "durability",
            format!("PostgreSQL runs with {} off", off.join(", ")),
            "commits cost nothing: writes look faster than they would be in service",
            "set them to `on` in postgresql.conf and reload",
        )
    }
}

fn pool(view: &ProfileView) -> Finding {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<u32>().ok());
    let (Some(pool), Some(most)) = (
        number(view.in_force.get("pool.max")),
        number(view.postgres.get("max_connections")),
    ) else {
        return Finding::ok("pool", "not visible");
    };
    let found = format!("pool.max {pool}, PostgreSQL allows {most} connections");
    if pool + RESERVED > most {
        Finding::bad(
            "pool",
            found,
            "PostgreSQL refuses connections as soon as the pool grows to its size: requests fail under load",
            "lower pool.max, or raise max_connections and restart PostgreSQL",
        )
    } else {
        Finding::ok("pool", found)
    }
}

fn in_force(view: &ProfileView) -> Finding {
    if view.differences.is_empty() {
        Finding::ok(
            "switches",
            format!("in force as asked for ({})", view.fingerprint),
        )
    } else {
        Finding::bad(
            "switches",
            view.differences.join("; "),
            "what would be measured is not what the report names",
            "reset the target, or look into its log for why a switch did not take effect",
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::profile::Profile;

    use super::*;
    use crate::doctor::FindingLevel;

    fn view(pool: &str, fsync: &str, build: &str) -> ProfileView {
        ProfileView {
            profile: Profile::named("after").unwrap(),
            in_force: BTreeMap::from([("pool.max".to_owned(), pool.to_owned())]),
            differences: Vec::new(),
            fingerprint: "abc".into(),
            dataset: None,
            scale: None,
            build: build.into(),
            generation: 1,
            postgres: BTreeMap::from([
                ("fsync".to_owned(), fsync.to_owned()),
                ("max_connections".to_owned(), "100".to_owned()),
            ]),
            redis_version: None,
        }
    }

    fn levels(view: &ProfileView) -> Vec<FindingLevel> {
        target(view).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_sound_target_is_ok() {
        assert_eq!(
            levels(&view("20", "on", "0.1.0 (release)")),
            [FindingLevel::Ok; 4]
        );
    }

    #[test]
    fn a_pool_beyond_the_database_a_debug_build_and_no_fsync_are_found() {
        assert_eq!(
            levels(&view("95", "off", "0.1.0 (debug)")),
            [
                FindingLevel::Warn,
                FindingLevel::Warn,
                FindingLevel::Bad,
                FindingLevel::Ok
            ]
        );
        let mut other = view("20", "on", "0.1.0 (release)");
        other
            .differences
            .push("indexes.reviews is off, not on".into());
        assert_eq!(levels(&other)[3], FindingLevel::Bad);
    }

    #[test]
    fn every_process_of_a_target_is_examined_and_named_where_there_are_several() {
        let sound = view("20", "on", "0.1.0 (release)");
        let large = view("95", "on", "0.1.0 (release)");
        let [one, other] = ["a.test:1", "b.test:2"].map(str::to_owned);
        let alone = targets(&[(one.clone(), sound.clone())]);
        assert!(alone.iter().all(|finding| !finding.found.contains(&one)));
        let both = targets(&[(one.clone(), sound), (other, large)]);
        assert_eq!(both.len(), 2 * alone.len());
        let bad = both.iter().filter(|one| one.level == FindingLevel::Bad);
        let bad: Vec<&str> = bad.map(|one| one.found.as_str()).collect();
        assert!(matches!(bad[..], [one] if one.starts_with("b.test:2: pool.max 95")));
    }

    #[test]
    fn a_missing_program_is_bad_and_named() {
        let found = programs(&["initdb is missing: install postgresql".into()]);
        assert_eq!(found[0].level, FindingLevel::Bad);
        assert!(found[0].found.contains("initdb"));
        assert_eq!(programs(&[])[0].level, FindingLevel::Ok);
    }
}
