//! A generator that gets no processor blames itself; a target that cannot keep up is blamed.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use loadgen_engine::thread_priority::{self, ThreadPrecedence};

use crate::support::{KnownServer, Ran, alone, finish, http, loadgen, start};

/// Programs that compute without end, on the first processor.
struct Busy(Vec<Child>);

impl Busy {
    fn start(count: usize) -> Self {
        let one = |_| {
            Command::new("taskset")
                .args(["-c", "0", "sh", "-c", "while :; do :; done"])
                .stdin(Stdio::null())
                .spawn()
                .unwrap()
        };
        Self((0..count).map(one).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _gone = child.kill();
            let _code = child.wait();
        }
    }
}

/// The same program with the same surroundings, on the first processor only.
fn on_first_processor(program: &Command, precedence: Precedence) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]);
    if precedence == Precedence::Refused && rustix::process::geteuid().is_root() {
        // Other users have no capability that would let it run first.
        pinned.args(["setpriv", "--bounding-set", "-sys_nice"]);
    }
    pinned.arg(program.get_program()).args(program.get_args());
    alone(&mut pinned);
    pinned
}

/// Whether the generator's threads may run before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precedence {
    AsPermitted,
    Refused,
}

fn beside_busy_programs(precedence: Precedence) -> Ran {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let url = server.url();
    let arguments = "--json --quiet --rate 1000/s --poisson --duration 4s --connections 100";
    let program = loadgen(
        ["http", &url]
            .into_iter()
            .chain(arguments.split_whitespace()),
    );
    let pinned = on_first_processor(&program, precedence);
    let _busy = Busy::start(20);
    finish(start(pinned))
}

#[test]
fn a_generator_without_a_processor_says_that_its_figures_are_worth_nothing() {
    let own = ["GEN_CPU", "GEN_WAIT", "LAG"];
    for _ in 0..3 {
        let ran = beside_busy_programs(Precedence::Refused);
        assert_eq!(ran.settled(), ran.planned(), "{ran:?}");
        assert!(own.iter().any(|code| !ran.holds(code)), "{ran:?}");
        if !ran.holds("STEAL") && ran.validity() != "INVALID" {
            // Other guests of the host took processors at the same time, which the program takes
            // for the cause: worth a repetition, and never valid.
            assert_eq!(ran.validity(), "NOISY", "{ran:?}");
            continue;
        }
        assert_eq!(ran.validity(), "INVALID", "{ran:?}");
        assert_eq!(ran.code, Some(97), "{ran:?}");
        let reasons = ran.figures["verdict"]["reasons"].to_string();
        assert!(
            own.iter().any(|code| reasons.contains(&format!("{code}:"))),
            "{reasons}"
        );
        return;
    }
    println!("all three tries lay under stolen time: NOISY each time, with the right checks");
}

#[test]
fn a_generator_that_may_run_first_keeps_its_schedule_beside_busy_programs() {
    if thread_priority::permitted() != ThreadPrecedence::RealTime {
        println!("skipped: this user may not run threads in real time");
        return;
    }
    let ran = beside_busy_programs(Precedence::AsPermitted);
    assert_eq!(ran.outcome("ok"), ran.planned(), "{ran:?}");
    for own in ["GEN_WAIT", "LAG"] {
        assert!(ran.holds(own) || !ran.holds("STEAL"), "{own}: {ran:?}");
    }
}

#[test]
fn a_target_that_cannot_keep_up_fails_its_threshold_and_not_the_generator() {
    // 50 a second of 150.
    let server = KnownServer {
        queue: true,
        ..KnownServer::after(Duration::from_millis(20))
    }
    .serve();
    let ran = http(
        &server.url(),
        "--rate 150/s --poisson --duration 4s --connections 1000 --timeout 20s --threshold p95<500ms",
    );
    assert_ne!(ran.validity(), "INVALID", "{ran:?}");
    assert_eq!(ran.figures["thresholds"][0]["word"], "FAIL", "{ran:?}");
    assert_eq!(ran.code, Some(99), "{ran:?}");
    assert_eq!(ran.outcome("ok"), ran.planned(), "{ran:?}");
    // 600 requests at 50 a second: the last waits for eight seconds.
    let last = ran.response("max");
    assert!((7_000.0..11_000.0).contains(&last), "{last} ms");
}
