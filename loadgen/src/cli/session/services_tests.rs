//! Which services the flags ask for, and what is refused.

use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::{DataService, LinkFault, load};
use loadgen_experiment::system::Application as _;
use shared::time::Millis;

use super::*;

fn running(running: RunningTargetArgs) -> TargetArgs {
    TargetArgs {
        running,
        ..TargetArgs::default()
    }
}

fn target(url: &str) -> TargetArgs {
    running(RunningTargetArgs {
        targets: vec![url.to_owned()],
        ..RunningTargetArgs::default()
    })
}

#[test]
fn a_loopback_target_is_accepted_and_a_remote_one_only_when_allowed() {
    assert!(ServiceSource::from_flags(&target("http://127.0.0.1:8080")).is_ok());
    assert!(ServiceSource::from_flags(&target("http://[::1]:8080/")).is_ok());
    assert!(ServiceSource::from_flags(&target("http://0.0.0.0:8080/")).is_ok());
    assert!(ServiceSource::from_flags(&target("http://[::ffff:127.0.0.1]:80")).is_ok());
    let remote = target("http://192.0.2.7:8080");
    let error = ServiceSource::from_flags(&remote).unwrap_err().to_string();
    assert!(error.contains("--allow-remote-target"), "{error}");
    let allowed = running(RunningTargetArgs {
        allow_remote_target: true,
        ..remote.running
    });
    assert!(ServiceSource::from_flags(&allowed).is_ok());
}

#[test]
fn the_processes_behind_a_balancer_are_all_addresses_of_their_names() {
    let behind = |instances: &[&str]| {
        running(RunningTargetArgs {
            instances: instances.iter().map(|url| (*url).to_owned()).collect(),
            resolve: vec!["many.test:8080:127.0.0.2,127.0.0.3".parse().unwrap()],
            ..target("http://127.0.0.1:8081").running
        })
    };
    let urls = ["http://127.0.0.1:8080", "http://many.test:8080"];
    let ServiceSource::Running {
        targets, instances, ..
    } = ServiceSource::from_flags(&behind(&urls)).unwrap()
    else {
        panic!("a target is given");
    };
    assert_eq!((targets.len(), instances.len()), (1, 3));
    let wrong = ["http://many.test:8080", "https://127.0.0.1:8080"];
    let error = ServiceSource::from_flags(&behind(&wrong)).unwrap_err();
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[test]
fn what_is_no_target_is_refused_with_an_example() {
    for url in [
        "127.0.0.1:8080",
        "https://127.0.0.1",
        "http://",
        "http://127.0.0.1/api",
        "http://a@127.0.0.1",
        "http://127.0.0.1:80800",
        "http://127.0.0.1:0",
        "http://127.0.0.1#part",
    ] {
        let error = ServiceSource::from_flags(&target(url))
            .unwrap_err()
            .to_string();
        assert!(error.contains("http://127.0.0.1:8080"), "{url}: {error}");
    }
}

#[test]
fn faults_are_refused_where_the_services_or_the_load_cannot_have_them() {
    let text = "name: x\nload: { model: open, rate: 9/s, duration: 10s }\nflows: [ { flow: auth.login } ]\nfaults: [ { fault: redis.slow, at: 5s, for: 3s } ]\n";
    let catalog = CodeConnect.catalog();
    let suite = load::parse(text, "x.yaml", catalog).unwrap();
    let refused = |args: &TargetArgs, suite: &Suite| {
        let mut services = ServiceSource::from_flags(args).unwrap();
        services.default_topology(suite.topology).unwrap();
        services.prepare_faults(suite).unwrap_err().to_string()
    };
    let running = refused(&target("http://127.0.0.1:8080"), &suite);
    assert!(running.contains("omit --target"), "{running}");
    let crash = TargetArgs {
        crash: Some("redis@6s".parse().unwrap()),
        ..TargetArgs::default()
    };
    let beside = refused(&crash, &suite);
    assert!(beside.contains("overlaps `redis.slow`"), "{beside}");
    let mut shorter = suite.clone();
    shorter.windows.measure = Millis(7_000);
    let late = refused(&TargetArgs::default(), &shorter);
    assert!(late.contains("ends after the measured window"), "{late}");
    let mut services = ServiceSource::from_flags(&TargetArgs::default()).unwrap();
    services.prepare_faults(&suite).unwrap();
    let ServiceSource::OwnStack { faults, .. } = &services else {
        panic!("no target is given");
    };
    let slow = FaultKind::Link(DataService::Redis, LinkFault::Slow);
    assert_eq!(faults.as_slice(), [slow]);
    assert_eq!(services.warnings(), Vec::<String>::new());
}

#[test]
fn a_disk_that_can_be_filled_keeps_nothing_and_a_failover_is_told() {
    let suite = "name: x\nload: { model: open, rate: 9/s, duration: 10s }\nflows: [ { flow: auth.login } ]\n";
    let suite = load::parse(suite, "x.yaml", CodeConnect.catalog()).unwrap();
    let prepared = |crash: &str, topology: &str, keep_in: Option<&str>| {
        let mut services = ServiceSource::from_flags(&TargetArgs {
            crash: Some(crash.parse().unwrap()),
            topology: Some(topology.parse().unwrap()),
            stack_dir: keep_in.map(PathBuf::from),
            ..TargetArgs::default()
        })
        .unwrap();
        services.default_topology(suite.topology)?;
        services.prepare_faults(&suite)?;
        Ok::<_, Failure>(services.warnings())
    };
    let kept = prepared("disk.full@2s+1s", "scale=1", Some("/tmp/kept")).unwrap_err();
    assert!(kept.to_string().contains("omit --stack-dir"), "{kept}");
    let alone = prepared("postgres.failover@2s", "scale=1", None).unwrap_err();
    assert!(alone.to_string().contains("--topology"), "{alone}");
    let warnings = prepared("postgres.failover@2s", "replica", Some("/tmp/kept")).unwrap();
    assert!(warnings[0].contains("the replica had it on disk"));
}

#[test]
fn a_figure_of_the_pooler_needs_one_in_the_own_stack() {
    let figure: MetricId = "pooler waiting".parse().unwrap();
    let check = |args: &TargetArgs, from_file: &str| {
        let mut services = ServiceSource::from_flags(args).unwrap();
        services.default_topology(from_file.parse().unwrap())?;
        services.check_figures([&figure])
    };
    let own = TargetArgs::default();
    let why = check(&own, "scale=1").unwrap_err().to_string();
    assert!(
        why.contains("`pgbouncer`") && why.contains("--topology"),
        "{why}"
    );
    assert!(check(&own, "pgbouncer").is_ok());
    let by_flag = |topology: &str| TargetArgs {
        topology: Some(topology.parse().unwrap()),
        ..TargetArgs::default()
    };
    assert!(check(&by_flag("pgbouncer"), "scale=1").is_ok());
    assert!(check(&by_flag("scale=2"), "pgbouncer").is_err());
    // That of a running target is not known.
    assert!(check(&target("http://127.0.0.1:8080"), "scale=1").is_ok());
}

#[test]
fn an_experiment_on_a_running_target_needs_its_lab_token() {
    let services = ServiceSource::from_flags(&target("http://127.0.0.1:8080")).unwrap();
    assert!(
        services
            .needs_lab()
            .unwrap_err()
            .to_string()
            .contains("--lab-token")
    );
}

#[test]
fn arms_with_topologies_of_their_own_refuse_what_belongs_to_one_stack() {
    let arms = ["scale=1", "scale=2"].map(|text| text.parse().unwrap());
    let given = |args: TargetArgs| ServiceSource::from_flags(&args).unwrap().give_arms(arms);
    assert!(given(TargetArgs::default()).is_ok());
    for (flag, args) in [
        (
            "--topology",
            TargetArgs {
                topology: Some(Topology::SINGLE),
                ..TargetArgs::default()
            },
        ),
        (
            "--stack-dir",
            TargetArgs {
                stack_dir: Some("/tmp/kept".into()),
                ..TargetArgs::default()
            },
        ),
        (
            "--crash",
            TargetArgs {
                crash: Some("target@5s".parse().unwrap()),
                ..TargetArgs::default()
            },
        ),
        ("--target", target("http://127.0.0.1:8080")),
    ] {
        let refusal = given(args).unwrap_err().to_string();
        assert!(refusal.starts_with(flag), "{refusal}");
        assert!(refusal.contains("scale=1 and scale=2"), "{refusal}");
    }
}
