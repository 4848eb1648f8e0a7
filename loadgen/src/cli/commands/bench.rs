//! `loadgen bench`: the cost of the load generator itself, printed with its limits.

use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use super::{bench_against, bench_target, bench_target_text::QUICK_CHECK};
use crate::{
    calibration::{self, Calibration, CalibrationPlan, NullTarget, StealMeter, stolen_line},
    cli::{
        failure::Failure,
        flags::BenchArgs,
        output::{print, print_json, progress},
    },
    exit,
};
use loadgen_experiment::schema::Percentile;
use loadgen_report::render::figures;

/// How long each loop is measured in each round.
const SECONDS: f64 = 0.5;
/// Numbers of idle users whose memory is measured.
const IDLE: [u32; 2] = [1_000, 10_000];
/// Maximum CPU per request, as a multiple of a bare loop over hyper.
const RATIO: f64 = 1.3;
/// Maximum schedule lag at p99 and 20 000 requests a second, in microseconds.
const LAG_US: f64 = 1_000.0;
/// Maximum memory of an idle user, in bytes.
const IDLE_BYTES: f64 = 20_000.0;
/// Maximum allocations a request: those of the recorder at the end of each second.
const ALLOCATIONS: f64 = 0.1;

/// Measures and prints.
pub(in crate::cli) fn run(args: &BenchArgs) -> Result<u8, Failure> {
    if let Some(role) = &args.role {
        return run_role(role);
    }
    if args.target {
        return bench_target::run(args);
    }
    let program = std::env::current_exe().map_err(Failure::internal)?;
    let own = |role: &str| {
        let mut command = Command::new::<&PathBuf>(&program);
        command.args(["bench", "--role", role]);
        command
    };
    let start = |role| NullTarget::start(own(role)).map_err(Failure::internal);
    if !args.against.is_empty() {
        return bench_against::run(args, &program, start);
    }
    let stolen = StealMeter::begin();
    let awake = start("null-target-awake")?;
    let plan = if args.quick {
        CalibrationPlan {
            rounds: 3,
            turn: Duration::from_millis(400),
            quick: true,
        }
    } else {
        CalibrationPlan {
            rounds: 13,
            turn: Duration::from_secs_f64(args.seconds.unwrap_or(SECONDS)),
            quick: false,
        }
    };
    let costs =
        calibration::compare(awake.address, plan, report_progress).map_err(Failure::internal)?;
    // It keeps a core busy, which would disturb the other measurements.
    drop(awake);
    let target = start("null-target")?;
    let mut found = calibration::calibrate(target.address, plan, costs, report_progress)
        .map_err(Failure::internal)?;
    for users in IDLE {
        report_progress(format!("memory of {users} idle users"));
        let output = own(&format!("idle:{users}:{}", target.address))
            .stderr(Stdio::inherit())
            .output()
            .map_err(Failure::internal)?;
        let text = String::from_utf8_lossy(&output.stdout);
        // If it cannot be measured (a limit of open files, mostly), the child has printed why.
        if let Ok(bytes) = text.trim().parse() {
            found.bytes_per_idle_vu.insert(users.to_string(), bytes);
        }
    }
    found.stolen = stolen.share();
    if args.json {
        print_json(&found)?;
    } else {
        print(&render(&found))?;
    }
    Ok(exit::PASSED)
}

/// Runs the role of a child process of this command.
fn run_role(role: &str) -> Result<u8, Failure> {
    if let Some(mode) = role.strip_prefix("null-target") {
        let awake = mode == "-awake";
        calibration::serve(&mut io::stdout().lock(), awake).map_err(Failure::internal)?;
        return Ok(exit::PASSED);
    }
    let idle = role.strip_prefix("idle:").and_then(|rest| {
        let (users, address) = rest.split_once(':')?;
        Some((
            users.parse::<u32>().ok()?,
            address.parse::<SocketAddr>().ok()?,
        ))
    });
    let Some((users, address)) = idle else {
        return Err(Failure::usage(format!("`{role}` is no role")));
    };
    let bytes = calibration::idle(address, users).map_err(Failure::internal)?;
    print(&format!("{bytes:.0}\n"))?;
    Ok(exit::PASSED)
}

fn report_progress(what: String) {
    progress(&what);
}

fn render(found: &Calibration) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _written = writeln!(out, "{text}");
    };
    // A check that is no measurement meets and misses no limit.
    let word = |passed: bool| match (found.quick, passed) {
        (true, _) => "--",
        (false, true) => "ok",
        (false, false) => "NO",
    };
    if found.quick {
        line(QUICK_CHECK.to_owned());
    }
    line("CPU a request, 64 connections, closed loop (median of rounds)".to_owned());
    for (name, us) in &found.cpu_per_request_us {
        let rate = found
            .requests_per_s_per_core
            .get(name)
            .copied()
            .unwrap_or_default();
        line(format!(
            "  {name:12} {us:8.2} us  {rate:9.0} requests/s a core"
        ));
    }
    line(format!(
        "  {}  loadgen / hyper loop {:.2}  (limit {RATIO}; the {} rounds lie between {:.2} and {:.2})",
        word(found.ratio_to_hyper <= RATIO),
        found.ratio_to_hyper,
        found.ratios.len(),
        found.ratios.iter().copied().fold(f64::INFINITY, f64::min),
        found.ratios.iter().copied().fold(0.0, f64::max),
    ));
    line("Schedule lag, microseconds".to_owned());
    let mut lags: Vec<_> = found.schedule_lag_us.iter().collect();
    lags.sort_by_key(|(rate, _)| rate.parse::<u64>().unwrap_or(u64::MAX));
    for (rate, lag) in lags {
        let mut limit = String::new();
        if rate == "20000" {
            // A schedule that was not kept meets no limit, however early its other requests were.
            let known = lag.p99.ms().filter(|_| lag.failures == 0);
            let met = known.map_or("--", |p99| word(p99 < LAG_US));
            limit = format!("  {met} (limit p99 {LAG_US:.0})");
        }
        if lag.failures > 0 {
            let _written = write!(limit, "  {} requests failed or were not sent", lag.failures);
        }
        line(format!(
            "  {rate:>6}/s  p50 {}  p99 {}  p99.9 {}  max {:.1}{limit}",
            microseconds(lag.p50),
            microseconds(lag.p99),
            microseconds(lag.p999),
            lag.max
        ));
    }
    line("Memory of an idle user with an open connection".to_owned());
    for users in IDLE {
        match found.bytes_per_idle_vu.get(&users.to_string()) {
            Some(bytes) => line(format!(
                "  {}  {users:>6} users: {:.1} kB each  (limit {:.0})",
                word(*bytes < IDLE_BYTES),
                bytes / 1e3,
                IDLE_BYTES / 1e3
            )),
            None => line(format!("  --  {users:>6} users: not measured")),
        }
    }
    line(format!(
        "Allocations a request\n  {}  {:.2}  (limit {ALLOCATIONS})",
        word(found.allocations_per_request < ALLOCATIONS),
        found.allocations_per_request
    ));
    line(stolen_line(found.stolen));
    out
}

/// A figure in microseconds; a dash where too few requests have it.
fn microseconds(figure: Percentile) -> String {
    match figure {
        Percentile::TooFew { n } => figures::too_few(n),
        Percentile::Known(us) => format!("{us:.1}"),
        // What was sent was late by some time.
        Percentile::BeyondTimeout => figures::ABSENT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::LagQuantiles;

    fn found(quick: bool) -> Calibration {
        let lag = LagQuantiles {
            p50: Percentile::Known(2.0),
            p99: Percentile::Known(40.0),
            p999: Percentile::TooFew { n: 2_000 },
            max: 90.0,
            failures: 0,
        };
        Calibration {
            quick,
            cpu_per_request_us: [("loadgen", 12.0), ("hyper_loop", 10.0)].into(),
            ratio_to_hyper: 1.2,
            ratios: vec![1.2, 1.25],
            requests_per_s_per_core: [("loadgen", 83_333.0)].into(),
            schedule_lag_us: ["1000", "20000"].map(|rate| (rate.to_owned(), lag)).into(),
            bytes_per_idle_vu: [("1000".to_owned(), 25_000.0)].into(),
            allocations_per_request: 3.0,
            stolen: Some(0.001),
        }
    }

    #[test]
    fn a_limit_is_met_or_not_by_a_measurement_and_a_percentile_of_few_is_a_dash() {
        let text = render(&found(false));
        for part in [
            "  ok  loadgen / hyper loop 1.20",
            "p99 40.0  p99.9 –  n=2,000  max 90.0  ok (limit p99 1000)",
            "  NO    1000 users: 25.0 kB each",
            "  --   10000 users: not measured",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains(QUICK_CHECK), "{text}");
    }

    #[test]
    fn a_schedule_with_failures_says_so_and_meets_no_limit() {
        let mut found = found(false);
        for lag in found.schedule_lag_us.values_mut() {
            lag.failures = 3;
        }
        let text = render(&found);
        let row = "max 90.0  -- (limit p99 1000)  3 requests failed or were not sent\n";
        assert!(text.contains(row), "{text}");
        let other = "max 90.0  3 requests failed or were not sent\n";
        assert!(text.contains(other), "{text}");
    }

    #[test]
    fn a_noisy_machine_is_said_to_be_one() {
        let mut found = found(false);
        assert!(!render(&found).contains("NOISY"));
        found.stolen = Some(0.03);
        assert!(render(&found).contains("\nNOISY: stolen"));
    }

    #[test]
    fn a_quick_check_says_that_it_is_no_measurement_and_meets_no_limit() {
        let text = render(&found(true));
        assert!(text.starts_with(QUICK_CHECK), "{text}");
        assert!(!text.contains("ok") && !text.contains("NO"), "{text}");
    }
}
