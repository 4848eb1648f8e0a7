//! The verdicts of a run and of an experiment on a target that behaves as a test programs it.
//! `loadgen/tests/it/verdicts.rs` has the same for the program itself.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use shared::invariant::InvariantResult;
use tokio_util::sync::CancellationToken;

use super::{RunContext, of_experiment, of_run};
use crate::{
    events::{LoadControl, Publisher},
    paired::{self, Experiment, file},
    schema::{Summary, ValidityWord, VerdictWord},
    system::{
        Application, Audited, Endpoints, PrepareRequest, PreparedSystem, Shop, SystemError,
        SystemUnderTest,
    },
    trial::{self, ArmConfig, CommandProgress, TestEnv, TrialSpec},
};
use loadgen_engine::{
    clock::time_of_day,
    flow::{Flow, SingleRequest},
    request::Request,
    suite::Suite,
};

/// The outcome of one request.
#[derive(Debug, Clone, Copy)]
enum ProgrammedAnswer {
    Status(u16),
    Never,
    /// The target ends: its connections break and it accepts no more.
    Die,
}

type ProgrammedAnswers = fn(usize) -> ProgrammedAnswer;
type ProgrammedAudit = fn() -> Result<Option<Audited>, SystemError>;

/// A target with one flow, whose answers and audits are programmed.
#[derive(Debug, Clone)]
struct ProgrammedTarget {
    endpoints: Endpoints,
    /// Absent where it has no control plane.
    audit: Option<ProgrammedAudit>,
    /// Cancelled between the load and the audit.
    stopped: Option<CancellationToken>,
}

impl PreparedSystem for ProgrammedTarget {
    fn flow(&self, _name: &str) -> Option<Arc<dyn Flow>> {
        Some(Arc::new(SingleRequest::new(Request::get("/"), None)))
    }
    fn clean_up(&self) -> BoxFuture<'_, Vec<String>> {
        self.stopped.iter().for_each(CancellationToken::cancel);
        Box::pin(async { Vec::new() })
    }
    fn audit(&self) -> BoxFuture<'_, Result<Option<Audited>, SystemError>> {
        let audit = self.audit;
        Box::pin(async move { audit.map_or(Ok(None), |audit| audit()) })
    }
}

impl SystemUnderTest for ProgrammedTarget {
    fn application(&self) -> &dyn Application {
        &Shop
    }
    fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
    fn has_control_plane(&self) -> bool {
        self.audit.is_some()
    }
    fn prepare<'a>(
        &'a self,
        _request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>> {
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn PreparedSystem>) })
    }
}

/// Serves on a free port until the process of the tests ends.
fn serve(answers: ProgrammedAnswers) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (number, dead) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    thread::spawn(move || {
        while !dead.load(Relaxed) {
            let Ok((stream, _)) = listener.accept() else {
                thread::sleep(Duration::from_millis(2));
                continue;
            };
            let (number, dead) = (Arc::clone(&number), Arc::clone(&dead));
            thread::spawn(move || connection(stream, answers, &number, &dead));
        }
    });
    address
}

fn connection(
    mut stream: TcpStream,
    answers: ProgrammedAnswers,
    number: &AtomicUsize,
    dead: &AtomicBool,
) {
    stream.set_nonblocking(false).unwrap();
    let (mut seen, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(length) = stream.read(&mut part)
        && length > 0
        && !dead.load(Relaxed)
    {
        seen.extend_from_slice(&part[..length]);
        if !seen.ends_with(b"\r\n\r\n") {
            continue;
        }
        seen.clear();
        match answers(number.fetch_add(1, Relaxed)) {
            ProgrammedAnswer::Status(status) => {
                let head = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
            }
            ProgrammedAnswer::Never => {}
            ProgrammedAnswer::Die => dead.store(true, Relaxed),
        }
    }
}

/// Forty requests in a second: too few for the schedule of a busy machine to be judged.
fn experiment(thresholds: &str) -> Experiment {
    let text = format!(
        "name: x\nquestion: q\nbefore: {{ profile: before }}\nafter: {{ profile: after }}\nprimary: [ total p50 ]\nload: {{ model: open, rate: 40/s, duration: 1s }}\nflows: [ {{ flow: orders.browse }} ]\ntimeout: 2s\n{thresholds}"
    );
    let mut experiment = file::parse(&text, "x.yaml", &Shop).unwrap();
    experiment.set_blocks(1);
    experiment
}

fn env(answers: ProgrammedAnswers, audit: Option<ProgrammedAudit>) -> TestEnv {
    env_of(answers, audit, None)
}

fn env_of(
    answers: ProgrammedAnswers,
    audit: Option<ProgrammedAudit>,
    stopped: Option<CancellationToken>,
) -> TestEnv {
    let endpoint = loadgen_engine::driver::Endpoint {
        address: serve(answers),
        host: "localhost".to_owned(),
    };
    let system = ProgrammedTarget {
        endpoints: Endpoints::one(endpoint),
        audit,
        stopped,
    };
    let load_control = LoadControl::new(system.stopped.clone().unwrap_or_default());
    TestEnv::of(Arc::new(system), Publisher::silent(), load_control)
}

fn context() -> RunContext<'static> {
    RunContext {
        application: &Shop,
        started_at: time_of_day().into(),
        own_stack: false,
        warnings: Vec::new(),
    }
}

async fn run(thresholds: &str, env: &TestEnv) -> Summary {
    run_suite(&experiment(thresholds).suite, env).await
}

async fn run_suite(suite: &Suite, env: &TestEnv) -> Summary {
    let arm = ArmConfig::new("run", Shop.default_profile(), &Shop);
    let spec = TrialSpec {
        suite,
        arm: &arm,
        block: 0,
        blocks: 0,
        folder: "run".to_owned(),
        seed: 7,
        workers: 1,
        explained: false,
        course: CommandProgress::single(suite.windows.planned().duration()),
    };
    let outcome = Box::pin(trial::run(env, &spec)).await.unwrap();
    of_run(context(), suite, &arm, &outcome)
}

async fn pairs(
    thresholds: &str,
    answers: ProgrammedAnswers,
    audit: Option<ProgrammedAudit>,
) -> Summary {
    let experiment = experiment(thresholds);
    let finished = paired::run(&env(answers, audit), &experiment, 1, &mut |_| {}).await;
    of_experiment(context(), &experiment, &finished)
}

const FINE: ProgrammedAnswers = |_| ProgrammedAnswer::Status(200);
const GIVEN: &str = "thresholds: [ \"p50 < 5s\" ]\n";

fn invariant(violations: u64) -> InvariantResult {
    InvariantResult {
        number: 1,
        name: "stock".to_owned(),
        statement: "It holds.".to_owned(),
        violations,
        rows: Vec::new(),
    }
}

fn audited(violations: u64, failed: &[&str]) -> Audited {
    Audited {
        invariants: vec![invariant(violations)],
        failed: failed.iter().map(|part| (*part).to_owned()).collect(),
    }
}

const CLEAN: ProgrammedAudit = || Ok(Some(audited(0, &[])));
const BROKEN: ProgrammedAudit = || Ok(Some(audited(3, &[])));
const PARTIAL: ProgrammedAudit = || Ok(Some(audited(0, &["caches: Redis is gone"])));
const FAILED: ProgrammedAudit = || Err(SystemError::Failed("no connection".to_owned()));

/// Cases that are run at once: each waits most of the time.
const AT_ONCE: usize = 4;

/// What is asked, how the target answers, what the audit says, and the verdict.
type VerdictCase = (
    &'static str,
    &'static str,
    ProgrammedAnswers,
    Option<ProgrammedAudit>,
    VerdictWord,
    u8,
    &'static str,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_fail_has_its_verdict_in_a_run() {
    use VerdictWord::{Failed, Inconclusive, Invalid, Measured, Passed, Violated};
    let cases: [VerdictCase; 13] = [
        (
            "all 500",
            "",
            |_| ProgrammedAnswer::Status(500),
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "all 500",
            GIVEN,
            |_| ProgrammedAnswer::Status(500),
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "silence",
            "",
            |_| ProgrammedAnswer::Never,
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "it dies",
            "",
            |number| {
                if number < 10 {
                    ProgrammedAnswer::Status(200)
                } else {
                    ProgrammedAnswer::Die
                }
            },
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "it dies and cannot be audited",
            "",
            |number| {
                if number < 10 {
                    ProgrammedAnswer::Status(200)
                } else {
                    ProgrammedAnswer::Die
                }
            },
            Some(FAILED),
            Failed,
            99,
            "were not made",
        ),
        (
            "nothing is asked",
            "",
            FINE,
            None,
            Measured,
            0,
            "not audited",
        ),
        ("a limit holds", GIVEN, FINE, None, Passed, 0, "not audited"),
        (
            "a limit of too few requests",
            "thresholds: [ \"p95 < 5s\" ]\n",
            FINE,
            None,
            Inconclusive,
            96,
            "too few requests say whether",
        ),
        (
            "a limit is missed",
            "thresholds: [ \"p50 < 1us\" ]\n",
            FINE,
            None,
            Failed,
            99,
            "p50 < 1us",
        ),
        (
            "a clean audit",
            GIVEN,
            FINE,
            Some(CLEAN),
            Passed,
            0,
            "no invariant is broken",
        ),
        (
            "a broken invariant",
            GIVEN,
            FINE,
            Some(BROKEN),
            Violated,
            98,
            "is broken 3 time(s)",
        ),
        (
            "an audit that fails",
            GIVEN,
            FINE,
            Some(FAILED),
            Invalid,
            97,
            "1 of 1 audit(s) were not made",
        ),
        (
            "half an audit",
            GIVEN,
            FINE,
            Some(PARTIAL),
            Invalid,
            97,
            "only in part",
        ),
    ];
    for several in cases.chunks(AT_ONCE) {
        let summaries = several.iter().map(|(_, thresholds, answers, audit, ..)| {
            let env = env(*answers, *audit);
            async move { run(thresholds, &env).await }
        });
        let summaries = join_all(summaries).await;
        for (&(what, .., mut word, mut code, reason), summary) in several.iter().zip(summaries) {
            let verdict = &summary.verdict;
            if word == Passed && summary.trials[0].validity.word == ValidityWord::Noisy {
                (word, code) = (VerdictWord::Inconclusive, 96);
            }
            assert_eq!(
                (verdict.word, verdict.exit_code()),
                (word, code),
                "{what}: {verdict:?}"
            );
            let reasons = verdict.reasons.join("\n");
            assert!(reasons.contains(reason), "{what}: {reasons}");
            let clean = what == "a clean audit";
            assert_eq!(
                reasons.contains("no invariant is broken"),
                clean,
                "{what}: {reasons}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_is_not_decided_by_one_block_and_does_not_pass_where_requests_fail() {
    use VerdictWord::{Failed, Inconclusive, Invalid, Violated};
    let cases: [VerdictCase; 5] = [
        (
            "one block",
            GIVEN,
            FINE,
            None,
            Inconclusive,
            96,
            "not audited",
        ),
        (
            "all 500",
            "",
            |_| ProgrammedAnswer::Status(500),
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "silence",
            "",
            |_| ProgrammedAnswer::Never,
            None,
            Failed,
            99,
            "errors < 1%",
        ),
        (
            "an audit that fails",
            "",
            FINE,
            Some(FAILED),
            Invalid,
            97,
            "2 of 2 audit(s) were not made",
        ),
        (
            "a broken invariant",
            "",
            FINE,
            Some(BROKEN),
            Violated,
            98,
            "is broken",
        ),
    ];
    for several in cases.chunks(AT_ONCE) {
        let summaries = several
            .iter()
            .map(|(_, thresholds, answers, audit, ..)| pairs(thresholds, *answers, *audit));
        let summaries = join_all(summaries).await;
        for (&(what, .., word, code, reason), summary) in several.iter().zip(summaries) {
            let verdict = &summary.verdict;
            assert_eq!(
                (verdict.word, verdict.exit_code()),
                (word, code),
                "{what}: {verdict:?}"
            );
            let reasons = verdict.reasons.join("\n");
            assert!(reasons.contains(reason), "{what}: {reasons}");
            assert!(
                verdict.headline.starts_with("total p50 "),
                "{what}: {verdict:?}"
            );
            assert_eq!(verdict.confidence.trials(), 2, "{what}: {verdict:?}");
        }
    }
}

#[path = "control_tests.rs"]
mod control_tests;

#[path = "stopped_audit_tests.rs"]
mod stopped_audit_tests;

#[path = "arm_capacity_tests.rs"]
mod arm_capacity_tests;
