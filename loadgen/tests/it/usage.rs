//! What was mistyped is said in one line, with the exit code 2.

use crate::support::{finish, loadgen, start};

/// Each `(arguments, what the line must name)`.
const WRONG: [(&str, &str); 111] = [
    ("http", "<URL>"),
    ("htp", "http"),
    ("http nonsense", "`nonsense`"),
    ("http ftp://127.0.0.1:1/", "only http and https"),
    ("http http://127.0.0.1:1/", "cannot connect"),
    ("http http://127.0.0.1:1/ --rte 5", "--rate"),
    ("http http://127.0.0.1:1/ --rate five", "five"),
    ("http http://127.0.0.1:1/ --rate=-5", "-5"),
    ("http http://127.0.0.1:1/ --connections 0", "20000"),
    ("http http://127.0.0.1:1/ --connections", "--connections"),
    ("http http://127.0.0.1:1/ --duration 5x", "`5x`"),
    ("http http://127.0.0.1:1/ --timeout 0s", "--timeout"),
    ("http http://127.0.0.1:1/ --timeout 11m", "`11m`"),
    (
        "http http://127.0.0.1:1/ --rate 20rps",
        "`20rps` is not a rate",
    ),
    (
        "http http://127.0.0.1:1/ --rate 1__000",
        "`1__000` is not a rate",
    ),
    ("http http://127.0.0.1:1/ --rate -5", "--rate"),
    ("http http://127.0.0.1:1/ --duration 90", "write `90s`"),
    ("http http://127.0.0.1:1/ --duration -5s", "--duration"),
    ("run smoke --rate -5/s", "`-5/s`"),
    ("http http://127.0.0.1:1/ --expect 20x", "`20x`"),
    ("http http://127.0.0.1:1/ --expect 200,", "--expect"),
    (
        "worker --coordinate redis://127.0.0.1:1/0 --log /proc/x",
        "--log: cannot write",
    ),
    (
        "worker --coordinate rediss://127.0.0.1:1/0",
        "--coordinate: the address of Redis asks for TLS",
    ),
    ("run smoke --users ten", "from 1 to 20000"),
    ("run smoke --users -1", "--users"),
    ("run smoke --seed 1e999", "--seed"),
    ("run smoke --topology standby", "scale=4,pgbouncer,replica"),
    ("run smoke --topology scale=0", "1 to 16"),
    (
        "run smoke --topology scale=2 --target http://127.0.0.1:1",
        "--target",
    ),
    (
        "run smoke --scale tiny --target http://127.0.0.1:1",
        "--target",
    ),
    (
        "experiment pool_size --stack-dir /tmp/x --target http://127.0.0.1:1",
        "--target",
    ),
    (
        "capacity http://127.0.0.1:1/ --topology scale=2",
        "--topology is for suites",
    ),
    (
        "capacity core --search users --rate 50/s",
        "--rate is of a search over rates",
    ),
    ("run smoke --crash rolling@1s", "--topology"),
    ("run chaos --target http://127.0.0.1:1", "omit --target"),
    ("run chaos --topology scale=1", "like scale=2"),
    ("run chaos --duration 20s", "ends after the measured window"),
    ("capacity chaos", "an undisturbed load"),
    (
        "chaos core --fault redis.dwon",
        "did you mean `redis.down`?",
    ),
    ("chaos core --fault instance.kill", "like scale=2"),
    (
        "chaos core --fault postgres.failover",
        "like scale=1,replica",
    ),
    (
        "run core --crash postgres.failover@5s",
        "choose another with --topology",
    ),
    (
        "chaos core --fault disk.full --stack-dir /tmp",
        "omit --stack-dir",
    ),
    ("chaos core --duration 20s", "--settle"),
    ("rnu smoke", "did you mean `run`?"),
    ("run nofile.yaml", "there is no file `nofile.yaml`"),
    (
        "run /no/such/folder/smoke.yaml",
        "there is no file `/no/such/folder/smoke.yaml`",
    ),
    ("run smoek", "did you mean `smoke`?"),
    ("run smoke --threshold method:BREW:p95<1s", "BREW"),
    ("run smoke --overrides {", "--overrides"),
    (
        "run smoke --overrides {\"phases\":[{\"duration\":60}]}",
        "arrivalRate",
    ),
    (
        "run smoke --overrides {\"phases\":[{\"duration\":\"60x\",\"arrivalRate\":10}]}",
        "60x",
    ),
    (
        "run smoke --overrides {\"phases\":[]} --rate 5/s",
        "--overrides",
    ),
    (
        "stack --services redis -- no-such-program",
        "`no-such-program` is no program",
    ),
    (
        "stack --services redis -- /nonexistent/program",
        "give its path",
    ),
    ("experiment pool_size --blocks ten", "--blocks"),
    ("results prune --keep all", "--keep"),
    ("serve --listen here", "--listen"),
    ("bench --seconds NaN", "--seconds"),
    ("bench --target --against wrk", "--target"),
    (
        "bench --target --against wrk --url http://127.0.0.1:1/",
        "--target",
    ),
    ("bench --target --url http://127.0.0.1:1/", "--target"),
    ("bench --target --quick --seconds 1", "--quick"),
    ("bench --url http://127.0.0.1:1/", "--against"),
    ("bench --against wrk --login-every 2000", "--url"),
    (
        "bench --against wrk --url http://127.0.0.1:1/ --login-every 1",
        "--login-every",
    ),
    (
        "bench --against oha --url http://127.0.0.1:1/ --login-every 2000",
        "oha cannot mix",
    ),
    ("http http://127.0.0.1:1/ --threshold p95", "`p95`"),
    ("http http://127.0.0.1:1/ --to 5", "--rate"),
    (
        "http http://127.0.0.1:1/ --cacert a --insecure",
        "--insecure",
    ),
    ("http http://127.0.0.1:1/ --insecure", "like https://"),
    ("http http://127.0.0.1:1/ --cacert a", "like https://"),
    ("ws ws://127.0.0.1:1/ --insecure", "like wss://"),
    ("ws --cacert a", "like wss://"),
    ("run users --max-users 5", "--users"),
    ("run core --users 9 --max-users 5", "--users"),
    ("capacity users --max-users 5", "--search rate"),
    ("http http://127.0.0.1:1/ --redirects 3", "--client reqwest"),
    ("http http://127.0.0.1:1/ --header accept", "`accept`"),
    (
        "http http://127.0.0.1:1/ --body @/nonexistent",
        "/nonexistent",
    ),
    ("http http://127.0.0.1:80800/", "`80800` is not a port"),
    ("http http://127.0.0.1:99999/", "`99999` is not a port"),
    ("http http://127.0.0.1:-80/", "`-80` is not a port"),
    ("http http://127.0.0.1:+80/", "`+80` is not a port"),
    ("http https://127.0.0.1:80a/", "`80a` is not a port"),
    ("ws ws://127.0.0.1:80800", "`80800` is not a port"),
    ("http http://127.0.0.1:1/#part", "fragment"),
    ("http http://a:b@127.0.0.1:1/", "password"),
    ("http http://192.0.2.7/", "--allow-remote-target"),
    ("http http://127.0.0.1:1/ --resolve a.test:80", "a.test:80"),
    (
        "http http://127.0.0.1:1/ --resolve a.test:80:::1",
        "another host",
    ),
    (
        "http http://127.0.0.1:1/ --http2 --header te:gzip",
        "HTTP/2",
    ),
    (
        "http http://127.0.0.1:1/ --body abc --header content-length:5",
        "3 bytes",
    ),
    ("http http://127.0.0.1:1/ --rate 5 --think 1s", "--think"),
    ("run core --think 1s", "--users"),
    ("run day --users 5", "phase:release"),
    ("run codeconnect --rate 5/s", "phase:auth"),
    (
        "run core --target http://127.0.0.1:80800",
        "`80800` is not a port",
    ),
    ("run nonexistent", "`nonexistent`"),
    ("experiment /nonexistent.yaml", "/nonexistent.yaml"),
    ("report /nonexistent", "/nonexistent"),
    (
        "report latest --format html,pdf",
        "`pdf` is no report: write text",
    ),
    ("report latest --fromat html", "--format"),
    ("report latest --rewrite --format md", "--format"),
    ("report --schema --format md", "--format"),
    ("results prune --older-than 30", "`30` is not an age"),
    ("results export nonexistent", "nonexistent"),
    ("history --results /nonexistent", "/nonexistent"),
    ("factorial --factor pool.max", "SWITCH=LOW,HIGH"),
    ("factorial --factor pool.max=5,200", "2 to 5"),
    (
        "factorial --factor pool.max=5,200 --factor pool.maks=1,2",
        "pool.max",
    ),
];

#[test]
fn a_mistyped_word_is_said_in_one_line_and_ends_with_2() {
    for (arguments, named) in WRONG {
        let ran = finish(start(loadgen(arguments.split_whitespace())));
        assert_eq!(ran.code, Some(2), "`{arguments}`: {ran:?}");
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "`{arguments}`: {}", ran.stderr);
        assert!(lines[0].starts_with("error: "), "{}", lines[0]);
        assert!(lines[0].contains(named), "`{arguments}`: {}", lines[0]);
    }
}

#[test]
fn a_service_that_is_not_installed_is_said_before_another_one_is_started() {
    let mut command = loadgen(["stack", "--services", "postgres,redis"]);
    // PostgreSQL is found in its own folder.
    command.env("PATH", "");
    let ran = finish(start(command));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was not found: install it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn where_nothing_was_started_nothing_is_said_to_be_stopped() {
    let ran = finish(start(loadgen(["run", "smoke", "--target-bin", "/tmp"])));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let last = ran.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("/tmp cannot be target-app"), "{last}");
    assert!(!ran.stderr.contains("stopping"), "{}", ran.stderr);
}

#[test]
fn help_and_version_are_answers() {
    for arguments in ["--help", "--version", "http --help", "help http"] {
        let ran = finish(start(loadgen(arguments.split_whitespace())));
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(0), ""),
            "{arguments}"
        );
    }
}

#[test]
fn a_wrong_value_of_a_variable_is_said_with_the_variable() {
    for (arguments, variable, value, said) in [
        ("run smoke", "LOADGEN_DURATION", "5", "LOADGEN_DURATION"),
        ("run smoke", "LOADGEN_QUIET", "flase", "yes or no"),
        ("run smoke --rate 5", "LOADGEN_USERS", "5", "LOADGEN_USERS"),
        (
            "http http://127.0.0.1:1/",
            "LOADGEN_TO",
            "5",
            "LOADGEN_TO is set",
        ),
        // One that says no is no flag, which would require --rate.
        (
            "http http://127.0.0.1:1/",
            "LOADGEN_POISSON",
            "0",
            "cannot connect",
        ),
        // The typed flag is the one that counts.
        (
            "run smoke --duration 6",
            "LOADGEN_DURATION",
            "5",
            "for '--duration <TIME>'",
        ),
        (
            "run nonexistent",
            "LOADGEN_RESLTS",
            "/tmp",
            "unknown variable LOADGEN_RESLTS; did you mean LOADGEN_RESULTS?",
        ),
        // An unknown suite: the variable itself is right.
        ("run nonexistent", "LOADGEN_QUIET", "1", "`nonexistent`"),
        ("run nonexistent", "LOADGEN_QUIET", "yes", "`nonexistent`"),
        ("run nonexistent", "LOADGEN_QUIET", "", "`nonexistent`"),
    ] {
        let mut command = loadgen(arguments.split_whitespace());
        command.env(variable, value);
        let ran = finish(start(command));
        assert_eq!(ran.code, Some(2), "{variable}={value}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}
