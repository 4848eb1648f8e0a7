//! The files that deploy a run of several workers: what Kubernetes would refuse or run with too many
//! rights, and commands that the programs do not have. `kubeconform` knows more of the schemas; it needs
//! them from the network.

use std::{collections::BTreeMap, fs, path::Path};

use clap::Parser as _;
use serde_json::Value;

use super::flags::{Cli, command};

/// The kinds that are used, each with the version of its interface.
const KINDS: [(&str, &str); 10] = [
    ("Deployment", "apps/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"),
    ("Job", "batch/v1"),
    ("Kustomization", "kustomize.config.k8s.io/v1beta1"),
    ("Namespace", "v1"),
    ("PersistentVolumeClaim", "v1"),
    ("Secret", "v1"),
    ("Service", "v1"),
    ("StatefulSet", "apps/v1"),
    ("ConfigMap", "v1"),
];
/// Keys of the secret that docs/DISTRIBUTED.md makes.
const SECRET_KEYS: [&str; 6] = [
    "coordination-url",
    "database-url",
    "jwt-secret",
    "lab-token",
    "payment-webhook-secret",
    "postgres-password",
];
/// Commands of target-app.
const TARGET_COMMANDS: [&str; 3] = ["serve", "seed", "healthcheck"];

/// Every document, with the name of its file.
fn documents() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kubernetes");
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("\n---\n") {
            let document = serde_saphyr::from_str(part);
            all.push((
                name.clone(),
                document.unwrap_or_else(|error| panic!("{name}: {error}")),
            ));
        }
    }
    assert!(all.len() > 12, "{}", all.len());
    all
}

/// What pods of a document are made from.
fn pod(document: &Value) -> Option<&Value> {
    let pod = &document["spec"]["template"]["spec"];
    pod.is_object().then_some(pod)
}

/// Every container, with its file and its pod.
fn containers(documents: &[(String, Value)]) -> Vec<(&str, &Value, &Value)> {
    let mut all = Vec::new();
    for (file, document) in documents {
        let Some(pod) = pod(document) else { continue };
        for list in ["containers", "initContainers"] {
            let found = pod[list].as_array().into_iter().flatten();
            all.extend(found.map(|container| (file.as_str(), pod, container)));
        }
    }
    assert!(all.len() >= 7, "{}", all.len());
    all
}

fn words(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn every_document_has_a_kind_that_exists_and_a_name() {
    for (file, document) in documents() {
        let kind = document["kind"].as_str().unwrap_or_default();
        let known = KINDS.iter().find(|(name, _)| *name == kind);
        let (_, version) = known.unwrap_or_else(|| panic!("{file}: no kind `{kind}` is known"));
        assert_eq!(document["apiVersion"], *version, "{file}: {kind}");
        if kind != "Kustomization" {
            assert!(document["metadata"]["name"].is_string(), "{file}: {kind}");
        }
        if !["Kustomization", "Namespace"].contains(&kind) {
            assert_eq!(document["metadata"]["namespace"], "codeconnect", "{file}");
        }
    }
}

#[test]
fn the_list_of_resources_names_files_that_are_there() {
    let documents = documents();
    let list = documents
        .iter()
        .find(|(_, one)| one["kind"] == "Kustomization");
    let resources = words(&list.unwrap().1["resources"]);
    assert!(resources.len() > 4);
    for file in resources {
        assert!(documents.iter().any(|(name, _)| name == file), "no {file}");
    }
}

#[test]
fn every_container_is_confined_limited_and_of_a_pinned_image() {
    let documents = documents();
    for (file, pod, container) in containers(&documents) {
        let shown = format!("{file}: {}", container["name"]);
        let image = container["image"].as_str().unwrap_or_default();
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        assert!(
            tag.is_some_and(|tag| tag != "latest" && tag.starts_with(|c: char| c.is_ascii_digit())),
            "{shown}: `{image}` is not pinned"
        );
        for (place, flag, value) in [
            (&pod["securityContext"], "runAsNonRoot", true),
            (
                &container["securityContext"],
                "readOnlyRootFilesystem",
                true,
            ),
            (
                &container["securityContext"],
                "allowPrivilegeEscalation",
                false,
            ),
        ] {
            assert_eq!(place[flag], value, "{shown}: {flag}");
        }
        assert!(
            pod["securityContext"]["runAsUser"].as_u64() > Some(0),
            "{shown}"
        );
        let dropped = words(&container["securityContext"]["capabilities"]["drop"]);
        assert_eq!(dropped, ["ALL"], "{shown}");
        assert_eq!(
            pod["securityContext"]["seccompProfile"]["type"],
            "RuntimeDefault"
        );
        assert_eq!(pod["automountServiceAccountToken"], false, "{shown}");
        for of in ["cpu", "memory"] {
            for kind in ["requests", "limits"] {
                let amount = &container["resources"][kind][of];
                assert!(amount.is_string(), "{shown}: no {kind} of {of}");
            }
        }
        // What is mounted is there.
        for mount in container["volumeMounts"].as_array().into_iter().flatten() {
            let volumes = pod["volumes"].as_array().into_iter().flatten();
            let of_claims = documents.iter().flat_map(|(_, document)| {
                let claims = document["spec"]["volumeClaimTemplates"].as_array();
                claims
                    .into_iter()
                    .flatten()
                    .map(|claim| &claim["metadata"]["name"])
            });
            let mut names = volumes.map(|volume| &volume["name"]).chain(of_claims);
            assert!(names.any(|name| *name == mount["name"]), "{shown}: {mount}");
        }
    }
}

#[test]
fn every_secret_is_one_of_the_guide_and_none_is_written_down() {
    let documents = documents();
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/DISTRIBUTED.md");
    let guide = fs::read_to_string(guide).unwrap();
    for key in SECRET_KEYS {
        assert!(guide.contains(&format!("--from-literal={key}=")), "{key}");
    }
    for (file, _, container) in containers(&documents) {
        for variable in container["env"].as_array().into_iter().flatten() {
            let name = variable["name"].as_str().unwrap();
            let secret = &variable["valueFrom"]["secretKeyRef"];
            if secret.is_object() {
                assert_eq!(secret["name"], "codeconnect", "{file}: {name}");
                let key = secret["key"].as_str().unwrap();
                assert!(SECRET_KEYS.contains(&key), "{file}: {name}: {key}");
            } else {
                let named = ["PASSWORD", "SECRET", "TOKEN", "DATABASE_URL", "COORDINATE"];
                assert!(
                    !named.iter().any(|word| name.contains(word)),
                    "{file}: {name}"
                );
            }
        }
    }
}

#[test]
fn the_commands_are_ones_that_the_programs_accept() {
    let documents = documents();
    let mut of_loadgen = 0;
    for (file, _, container) in containers(&documents) {
        let words = words(&container["command"]);
        match words.first().copied() {
            Some("loadgen") => {}
            Some("target-app") => {
                assert!(TARGET_COMMANDS.contains(&words[1]), "{file}: {words:?}");
                continue;
            }
            // The image's own program.
            None => continue,
            Some(other) => panic!("{file}: `{other}` is no program of the image"),
        }
        of_loadgen += 1;
        // What comes from the environment in the cluster.
        let given = container["env"].as_array().into_iter().flatten();
        let given: Vec<&str> = given.map(|one| one["name"].as_str().unwrap()).collect();
        let mut call = words.clone();
        if given.contains(&"LOADGEN_COORDINATE") {
            call.push("--coordinate=redis://coordination:6379/0");
        }
        let parsed = Cli::try_parse_from(call);
        assert!(parsed.is_ok(), "{file}: {}", parsed.unwrap_err());
        let whole = command();
        let subcommand = whole.find_subcommand(words[1]).unwrap();
        for name in given {
            let known = subcommand.get_arguments().filter_map(clap::Arg::get_env);
            let known: Vec<&str> = known.filter_map(std::ffi::OsStr::to_str).collect();
            assert!(known.contains(&name), "{file}: {name} is none of {known:?}");
        }
    }
    assert_eq!(of_loadgen, 2);
}

#[test]
fn there_are_as_many_workers_as_their_coordinator_waits_for() {
    let documents = documents();
    let job = |name: &str| {
        let found = documents
            .iter()
            .find(|(_, one)| one["kind"] == "Job" && one["metadata"]["name"] == name);
        &found.unwrap_or_else(|| panic!("no job {name}")).1["spec"]
    };
    let workers = job("workers");
    assert_eq!(workers["completionMode"], "Indexed");
    assert_eq!(workers["completions"], workers["parallelism"]);
    let call = words(&job("coordinator")["template"]["spec"]["containers"][0]["command"]);
    let awaited = call.iter().find_map(|word| word.strip_prefix("--workers="));
    assert_eq!(awaited.unwrap(), workers["completions"].to_string());
    let env = &workers["template"]["spec"]["containers"][0]["env"];
    let index = env.as_array().unwrap().iter();
    let index: BTreeMap<&str, &Value> = index
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                &one["valueFrom"]["fieldRef"]["fieldPath"],
            )
        })
        .collect();
    let path = index["LOADGEN_INDEX"].as_str().unwrap();
    assert!(
        path.contains("batch.kubernetes.io/job-completion-index"),
        "{path}"
    );
}

#[test]
fn the_workers_of_compose_are_started_as_the_program_accepts_and_meet_where_nothing_is_forgotten() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml");
    let compose: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let services = &compose["services"];
    let worker = &services["worker"];
    let url = worker["environment"]["LOADGEN_COORDINATE"]
        .as_str()
        .unwrap();
    let call = words(&worker["command"])
        .into_iter()
        .chain(["--coordinate", url]);
    assert!(Cli::try_parse_from(call).is_ok());
    let waits = compose["x-loadgen"]["environment"]["WORKERS"].as_str();
    assert_eq!(worker["deploy"]["replicas"].as_str(), waits);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/loadgen.sh");
    let script = fs::read_to_string(script).unwrap();
    let mut calls = script
        .lines()
        .filter_map(|line| line.split_once("set -- run "));
    let (_, call) = calls.next().unwrap();
    assert!(call.contains(&format!("--coordinate {url}")), "{call}");
    let call = call
        .replace("$RUN_ARGS", "core")
        .replace("\"$WORKERS\"", "4");
    let parsed = Cli::try_parse_from(
        ["loadgen", "run"]
            .into_iter()
            .chain(call.split_whitespace()),
    );
    assert!(parsed.is_ok(), "{call}: {}", parsed.unwrap_err());
    for service in ["worker", "coordination"] {
        assert_eq!(services[service]["profiles"][0], "workers", "{service}");
    }
    let kept = words(&services["coordination"]["command"]);
    assert!(kept.contains(&"noeviction"), "{kept:?}");
}
