//! The services of docker compose: confined, from pinned images, with secrets that are made once.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    observability::{read, root, yaml},
    support::script,
};

/// YAML's `<<` in a mapping: what it lacks comes from the mappings that it names.
fn merged(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut own = serde_json::Map::new();
            let mut below = Vec::new();
            for (key, value) in map {
                match (key.as_str(), merged(value)) {
                    ("<<", Value::Object(one)) => below.push(one),
                    (_, value) => {
                        own.insert(key, value);
                    }
                }
            }
            for (key, value) in below.into_iter().flatten() {
                own.entry(key).or_insert(value);
            }
            Value::Object(own)
        }
        Value::Array(all) => all.into_iter().map(merged).collect(),
        other => other,
    }
}

#[test]
fn services_of_compose_run_confined_from_pinned_images_without_fixed_secrets() {
    let text = read("docker-compose.yml");
    let compose = merged(yaml("docker-compose.yml"));
    for (name, service) in compose["services"].as_object().unwrap() {
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(
            service["security_opt"][0], "no-new-privileges:true",
            "{name}"
        );
        assert_eq!(service["read_only"], true, "{name}");
        let image = service["image"].as_str().unwrap();
        let own = image == "codeconnect:local";
        // `${NAME:-image:1.2}`: at least two numbers.
        let version = image.trim_end_matches('}').rsplit(':').next().unwrap();
        let is_pinned = version
            .trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit())
            && version.contains('.');
        assert!(own || is_pinned, "{name}: {image}");
        let user = service["user"].as_str();
        // The image of this project names its own user.
        assert!(
            user.map_or(own, |user| user != "root" && !user.contains("-0:0")),
            "{name}"
        );
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(
                port.as_str().unwrap().starts_with("127.0.0.1:"),
                "{name}: {port}"
            );
        }
        let environment = service["environment"].as_object();
        for (variable, value) in environment.into_iter().flatten() {
            let secret = ["PASSWORD", "TOKEN", "SECRET", "DATABASE_URL"];
            let holds = secret.iter().any(|part| variable.contains(part));
            assert!(
                !holds || variable.ends_with("_FILE"),
                "{name}: {variable}={value}"
            );
        }
    }
    // The control plane answers to the names that services have in the network of compose.
    for service in ["target-app", "instance"] {
        let named = &compose["services"][service]["environment"]["LAB_HOSTS"];
        assert_eq!(named, "target-app,instance", "{service}");
    }
    assert!(!text.contains("latest"));
    let redis = compose["services"]["redis"]["command"].to_string();
    assert!(redis.contains("--maxmemory") && redis.contains("volatile-ttl"));
    let docker = read("Dockerfile");
    let stages: Vec<_> = docker
        .lines()
        .filter(|line| line.starts_with("FROM"))
        .collect();
    assert!(
        stages.iter().all(|line| line.contains("_IMAGE}")),
        "{stages:?}"
    );
    let images: Vec<_> = docker
        .lines()
        .filter(|line| line.starts_with("ARG") && line.contains("_IMAGE="))
        .collect();
    assert!(
        images.len() == 2 && images.iter().all(|line| line.matches('.').count() > 0),
        "{images:?}"
    );
    let last = docker.lines().rfind(|line| line.starts_with("USER"));
    assert_eq!(last, Some("USER app"));
}

/// What it is built with is copied from a folder with the name of the profile, as Cargo names all but `dev`'s.
#[test]
fn the_profiles_that_the_image_can_be_built_with_are_cargo_s() {
    let (docker, manifest) = (read("Dockerfile"), read("Cargo.toml"));
    let named: Vec<&str> = docker
        .split("PROFILE=")
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase())
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(named, ["ci", "dist", "release"]);
    for name in named {
        assert!(
            manifest.contains(&format!("\n[profile.{name}]\n")),
            "{name}"
        );
    }
    assert!(docker.contains("cp \"target/$PROFILE/target-app\" \"target/$PROFILE/loadgen\""));
}

#[test]
fn instances_of_compose_are_alike_and_bounded_and_the_balancer_waits_for_all() {
    let compose = merged(yaml("docker-compose.yml"));
    let services = &compose["services"];
    let (first, further) = (&services["target-app"], &services["instance"]);
    for key in [
        "image",
        "command",
        "environment",
        "volumes",
        "cpus",
        "mem_limit",
        "healthcheck",
    ] {
        assert!(!first[key].is_null(), "{key}");
        assert_eq!(first[key], further[key], "{key}");
    }
    let balancer = &services["balancer"];
    for service in [further, balancer] {
        assert_eq!(service["profiles"][0], "scale");
        assert!(service["cpus"].is_string() && service["mem_limit"].is_string());
        assert!(service["healthcheck"].is_object());
    }
    // Both have to know how many there are.
    let count = &further["deploy"]["replicas"];
    assert_eq!(*count, balancer["environment"]["MORE_INSTANCES"]);
    for waited in ["target-app", "instance"] {
        assert_eq!(
            balancer["depends_on"][waited]["condition"],
            "service_healthy"
        );
    }
    let loadgen = &services["loadgen"];
    assert_eq!(loadgen["depends_on"]["balancer"]["required"], false);
    let settings = read("deploy/haproxy.cfg");
    for name in ["target-app:8080", "instance:8080"] {
        assert_eq!(settings.matches(&format!(" {name} ")).count(), 3, "{name}");
    }
}

/// What `deploy/loadgen.sh` runs where only these services have a name: the target and the instances
/// that it sets, then the words of the call.
fn called(started: &str, arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let ran = ran(dir.path(), dir.path(), started, arguments);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!said.contains("RESULTS_USER"), "{said}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// The same, with the files that it needs in a folder.
fn ran(dir: &Path, results: &Path, started: &str, arguments: &[&str]) -> Output {
    let program = |name: &str, text: &str| {
        script(&dir.join(name), &format!("#!/bin/sh\n{text}\n"));
    };
    program(
        "getent",
        "for one in $STARTED; do [ \"$2\" != \"$one\" ] || exit 0; done; exit 2",
    );
    program(
        "loadgen",
        "echo \"$LOADGEN_TARGET ${LOADGEN_ALLOW_REMOTE_TARGET:-} ${LOADGEN_INSTANCE:-} $LAB_TOKEN: $*\"",
    );
    fs::write(dir.join("env"), "export LAB_TOKEN=secret\n").unwrap();
    let path = std::env::var("PATH").unwrap();
    let ran = Command::new("sh")
        .arg(root().join("deploy/loadgen.sh"))
        .args(arguments)
        .env("PATH", format!("{}:{path}", dir.display()))
        .env("KEYS", dir)
        .env("LOADGEN_RESULTS", results)
        .env("STARTED", started)
        .env("LOADGEN_TARGET", "http://127.0.0.1:8080")
        .env_remove("LOADGEN_INSTANCE")
        .env_remove("LOADGEN_ALLOW_REMOTE_TARGET")
        .env("DEMO_ARGS", "--quick --seed 7")
        .env("RUN_ARGS", "core --duration 60s")
        .env("WORKERS", "6")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    ran
}

#[test]
fn a_results_folder_of_somebody_else_is_said_with_the_variable_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    // Root may write into any folder, but into none that is not there.
    let ran = ran(dir.path(), &dir.path().join("gone"), "", &["doctor"]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(
        said.contains("RESULTS_USER=") && said.lines().count() == 1,
        "{said}"
    );
    assert!(
        String::from_utf8(ran.stdout)
            .unwrap()
            .ends_with(": doctor\n")
    );
}

#[test]
fn the_load_of_compose_goes_to_the_balancer_to_the_name_of_the_target_or_over_loopback() {
    let both = "http://target-app:8080,http://instance:8080";
    let page = "--web 0.0.0.0:8090 --metrics 0.0.0.0:9464";
    let workers = "--workers 6 --coordinate redis://coordination:6379/0";
    for (started, arguments, wanted) in [
        (
            "",
            &[][..],
            "http://127.0.0.1:8080   secret: demo --serve 0.0.0.0:8090 --quick --seed 7 --metrics 0.0.0.0:9464".to_owned(),
        ),
        (
            "balancer",
            &[],
            format!(
                "http://balancer:8080 true {both} secret: demo --serve 0.0.0.0:8090 --quick --seed 7 --metrics 0.0.0.0:9464"
            ),
        ),
        (
            "coordination",
            &[],
            format!(
                "http://target-app:8080 true  secret: run core --duration 60s {workers} {page}"
            ),
        ),
        (
            "balancer coordination",
            &[],
            format!(
                "http://balancer:8080 true {both} secret: run core --duration 60s {workers} {page}"
            ),
        ),
        (
            "balancer",
            &["run", "smoke"],
            format!("http://balancer:8080 true {both} secret: run smoke"),
        ),
        (
            "",
            &["run", "core", "--rate", "5/s"],
            "http://127.0.0.1:8080   secret: run core --rate 5/s".to_owned(),
        ),
    ] {
        assert_eq!(
            called(started, arguments),
            wanted,
            "{started}: {arguments:?}"
        );
    }
}

#[test]
fn where_processors_are_short_the_load_comes_first_and_who_only_watches_last() {
    let compose = merged(yaml("docker-compose.yml"));
    for (name, service) in compose["services"].as_object().unwrap() {
        let share = match name.as_str() {
            "loadgen" | "test" | "worker" => serde_json::json!(8192),
            "prometheus" | "grafana" => serde_json::json!(128),
            // Docker's own, 1024.
            _ => Value::Null,
        };
        assert_eq!(service["cpu_shares"], share, "{name}");
    }
}

#[test]
fn the_test_of_compose_loads_what_the_experiment_loads_and_comes_before_it() {
    let compose = merged(yaml("docker-compose.yml"));
    let (test, loadgen) = (
        &compose["services"]["test"],
        &compose["services"]["loadgen"],
    );
    assert_eq!(test["profiles"], serde_json::json!(["test"]));
    for key in [
        "image",
        "entrypoint",
        "environment",
        "network_mode",
        "volumes",
    ] {
        assert!(!test[key].is_null(), "{key}");
        assert_eq!(test[key], loadgen[key], "{key}");
    }
    // Two loads at once would measure each other.
    assert_eq!(
        loadgen["depends_on"]["test"],
        serde_json::json!({ "condition": "service_completed_successfully", "required": false })
    );
    for waited in test["depends_on"].as_object().unwrap().keys() {
        assert_eq!(test["depends_on"][waited], loadgen["depends_on"][waited]);
    }
}

#[test]
fn the_replica_of_compose_is_like_its_primary_and_follows_it_with_a_password() {
    let compose = merged(yaml("docker-compose.yml"));
    let services = &compose["services"];
    let (primary, replica) = (&services["postgres"], &services["postgres-replica"]);
    assert_eq!(replica["profiles"][0], "replica");
    for key in ["image", "user", "tmpfs", "shm_size", "healthcheck"] {
        assert!(!primary[key].is_null(), "{key}");
        assert_eq!(primary[key], replica[key], "{key}");
    }
    // A standby refuses to start with fewer connections than its primary.
    let most = "max_connections=${POSTGRES_CONNECTIONS:-860}";
    for service in [primary, replica] {
        let command = service["command"].as_array().unwrap();
        assert!(command.iter().any(|part| part == most), "{command:?}");
    }
    assert_eq!(
        replica["depends_on"]["postgres"]["condition"],
        "service_healthy"
    );
    assert_ne!(primary["volumes"][0], replica["volumes"][0]);
    for instance in ["target-app", "instance"] {
        let instance = &services[instance];
        assert_eq!(
            instance["depends_on"]["postgres-replica"]["required"],
            false
        );
        let command = instance["command"][2].as_str().unwrap();
        assert!(
            command.contains("getent hosts postgres-replica")
                && command.contains("REPLICA_URL=$$STANDBY_URL"),
            "{command}"
        );
    }
    // The log of a lost replica does not fill the disk, and following it needs a password.
    let command = primary["command"].to_string();
    assert!(command.contains("max_slot_wal_keep_size=") && command.contains("hba_file="));
    let rules = read("deploy/pg_hba.conf");
    let follows: Vec<_> = rules
        .lines()
        .filter(|line| line.contains(" replication "))
        .collect();
    assert!(
        follows.len() == 1 && follows[0].ends_with(" md5"),
        "{follows:?}"
    );
    let checked = Command::new("sh")
        .arg("-n")
        .arg(root().join("deploy/replica.sh"))
        .status();
    assert!(checked.unwrap().success());
}

#[test]
fn a_new_connection_to_a_containers_postgresql_costs_no_scram_as_in_the_own_stack() {
    let compose = merged(yaml("docker-compose.yml"));
    let stored = &compose["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"];
    assert_eq!(*stored, "--auth-host=md5");
    let rules = read("deploy/pg_hba.conf");
    let methods: Vec<_> = rules
        .lines()
        .filter(|line| line.starts_with("host"))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    // Inside of the container nobody is asked; from the network a password is.
    assert_eq!(methods, ["trust", "trust", "md5", "md5"]);
    let manifest = read("deploy/kubernetes/postgres.yaml");
    assert!(manifest.contains(r#"{ name: POSTGRES_INITDB_ARGS, value: "--auth-host=md5" }"#));
}

#[test]
fn secrets_of_an_earlier_version_get_the_address_of_the_replica() {
    let dir = tempfile::tempdir().unwrap();
    let old = "export DATABASE_URL=x\nexport PAYMENT_WEBHOOK_SECRET=y\n";
    fs::write(dir.path().join("env"), old).unwrap();
    fs::write(dir.path().join("postgres"), "password").unwrap();
    let script = root().join("scripts/compose-keys.sh");
    for _ in 0..2 {
        let made = Command::new("sh").arg(&script).arg(dir.path()).status();
        assert!(made.unwrap().success());
        let env = fs::read_to_string(dir.path().join("env")).unwrap();
        let address = "postgres://codeconnect:password@postgres-replica:5432/codeconnect";
        assert_eq!(env, format!("{old}export STANDBY_URL={address}\n"));
    }
}

/// Root may write what nobody else may: links that lead nowhere stand for files that cannot be written.
#[test]
fn secrets_that_an_interrupted_start_left_half_made_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["postgres", "pgbouncer", "env.new"] {
        symlink(dir.path().join("gone/file"), dir.path().join(name)).unwrap();
    }
    let script = root().join("scripts/compose-keys.sh");
    let made = Command::new("sh").arg(script).arg(dir.path()).status();
    assert!(made.unwrap().success());
    let env = fs::read_to_string(dir.path().join("env")).unwrap();
    let password = fs::read_to_string(dir.path().join("postgres")).unwrap();
    assert!(password.len() == 64 && env.contains(&password), "{env}");
}

#[test]
fn the_secrets_of_compose_are_made_once_and_differ() {
    let make = |dir: &Path| {
        let script = root().join("scripts/compose-keys.sh");
        let made = Command::new("sh").arg(script).arg(dir).status().unwrap();
        assert!(made.success());
        fs::read_to_string(dir.join("env")).unwrap()
    };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = make(one.path());
    assert_eq!(make(one.path()), first, "a second start keeps them");
    assert_ne!(make(other.path()), first);
    let password = fs::read_to_string(one.path().join("postgres")).unwrap();
    assert!(password.len() == 64 && first.contains(&password));
    let users = fs::read_to_string(one.path().join("pgbouncer")).unwrap();
    assert_eq!(users, format!("\"codeconnect\" \"{password}\"\n"));
    for name in [
        "LAB_TOKEN",
        "LOADGEN_LAB_TOKEN",
        "JWT_SECRET",
        "LOADGEN_PAGE_SECRET",
    ] {
        assert!(first.contains(&format!(" {name}=")), "{name}");
    }
}
