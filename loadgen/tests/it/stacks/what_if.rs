//! The capacity with a switch set otherwise, of the real backend on services of its own.

use serde_json::Value;

use crate::support::{finish, loadgen, start};

#[test]
fn a_slower_hash_lowers_the_capacity_of_sign_in_and_the_plan_has_instances_for_it() {
    let results = tempfile::tempdir().unwrap();
    let folder = results.path().to_str().unwrap();
    // Each step of bcrypt's cost doubles the work: the factor is a thirty-second, far from the bounds' width.
    let words = "capacity --flow auth.login --rate 2/s --min-load 0.2/s --slo p90<2000ms,errors<20% --quick \
                 --warmup 500ms --duration 2s --scale tiny --accounts 20 --set auth.hash=bcrypt(6) \
                 --what-if auth.hash=bcrypt(11) --max-load 64/s --budget 150s --json --quiet --results";
    let words = words.split_ascii_whitespace();
    let ran = finish(start(loadgen(words.chain([folder]))));
    let changed = &ran.figures["what_if"][0];
    assert_eq!(changed["settings"], "auth.hash=bcrypt(11)", "{ran:?}");
    let as_set = ran.figures["capacity"]["lower"].as_f64();
    let at_most = changed["factor"]["at_most"].as_f64();
    assert!(at_most.is_some_and(|factor| factor < 1.0), "{ran:?}");
    assert!(
        changed["found"]["upper"].as_f64() < as_set,
        "{as_set:?} {ran:?}"
    );
    // Both searches have their trials in the folder of the run.
    let trials = results.path().join("latest/trials");
    let names: Vec<String> = std::fs::read_dir(trials)
        .unwrap()
        .flatten()
        .map(|one| one.file_name().to_string_lossy().into_owned())
        .collect();
    for arm in [
        "capacity_as_set_t001_",
        "capacity_auth_hash_bcrypt_11__t001_",
    ] {
        assert!(
            names.iter().any(|name| name.starts_with(arm)),
            "{arm}: {names:?}"
        );
    }

    let file = results.path().join("assumed.yaml");
    std::fs::write(&file, "users: 3000\nrequests_per_user_hour: 60\n").unwrap();
    let planned = loadgen([
        "plan",
        "latest",
        "--assume",
        file.to_str().unwrap(),
        "--format",
        "json",
        "--replications",
        "0",
        "--results",
        folder,
    ])
    .output()
    .unwrap();
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&planned.stderr));
    });
    let figures = plan["figures"].as_array().unwrap();
    let instances = |id: &str| {
        let found = figures.iter().find(|one| one["id"] == id);
        found.and_then(|one| one["value"].as_f64())
    };
    let with = instances("loaded_instances_with_auth.hash=bcrypt(11)");
    // Only where a load is known that meets the SLO with it.
    if changed["found"]["lower"].is_number() {
        assert!(with > instances("loaded_instances"), "{plan:#}");
    } else {
        assert!(with.is_none(), "{plan:#}");
    }
}
