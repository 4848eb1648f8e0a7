//! `loadgen bench --against`: the CPU time of a request beside other load generators.

use std::{fmt::Write as _, path::Path, process::Command};

use super::bench_target_text::QUICK_CHECK;
use crate::{
    calibration::{
        self, LoginMix, NullTarget, PeerComparison, PeerLoad, PeerPlan, RoundSpread, stolen_line,
    },
    cli::{
        failure::Failure,
        flags::BenchArgs,
        output::{print, print_json, progress},
    },
    exit,
};
use loadgen_engine::driver::TargetUrl;
use loadgen_report::render::figures;

/// How often other load generators are compared, and for how long each time.
const ROUNDS: u32 = 5;
const SECONDS: u32 = 3;

/// Compares with other load generators, of which each is started in turn; `start` starts what they load where
/// no URL is given.
pub(super) fn run(
    args: &BenchArgs,
    program: &Path,
    start: impl Fn(&'static str) -> Result<NullTarget, Failure>,
) -> Result<u8, Failure> {
    let target = match &args.url {
        Some(_) => None,
        None => Some(start("null-target")?),
    };
    let url = match (&args.url, &target) {
        (Some(url), _) => url.clone(),
        (None, Some(target)) => format!("http://{}/", target.address),
        (None, None) => String::new(),
    };
    let parsed =
        TargetUrl::parse(&url).map_err(|error| Failure::usage(format!("--url: {error}")))?;
    let logins = args
        .login_every
        .map(|every| LoginMix::prepare(&parsed.path, every))
        .transpose()
        .map_err(Failure::internal)?;
    let load = PeerLoad { url, logins };
    let plan = plan(args);
    let own = || {
        let mut command = Command::new(program);
        let connections = calibration::PEER_CONNECTIONS.to_string();
        command.args(["http", "--json", "--quiet", "--workers", "1"]);
        command.args(["--warmup", "0s", "--connections", &connections]);
        command
    };
    let mut tools = args.against.clone();
    tools.sort_unstable();
    tools.dedup();
    let report = |what: String| progress(&what);
    let found = calibration::against(own, &tools, &load, plan, report)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if args.json {
        print_json(&found)?;
    } else {
        print(&render(&found))?;
    }
    Ok(exit::PASSED)
}

fn plan(args: &BenchArgs) -> PeerPlan {
    if args.quick {
        return PeerPlan {
            rounds: 2,
            seconds: 1,
            quick: true,
        };
    }
    // The tools take whole seconds.
    let seconds = args.seconds.map(|seconds| seconds.ceil() as u32);
    PeerPlan {
        rounds: ROUNDS,
        seconds: seconds.unwrap_or(SECONDS),
        quick: false,
    }
}

fn render(found: &PeerComparison) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _written = writeln!(out, "{text}");
    };
    if found.quick {
        line(QUICK_CHECK.to_owned());
    }
    line(format!("CPU a request of the whole process, {}", found.url));
    if let Some(every) = found.login_every {
        line(format!(
            "  one of {every} requests is a login of the reference backend instead"
        ));
    }
    for (name, costs) in &found.cpu_per_request_us {
        let Some(cost) = RoundSpread::of(costs) else {
            continue;
        };
        let version = found.versions.get(name).map_or("", String::as_str);
        line(format!(
            "  {name:8} {:7.2} us  ({} rounds, {:.2} to {:.2})  {version}",
            cost.median, cost.rounds, cost.least, cost.most
        ));
    }
    for (name, why) in &found.not_known {
        line(format!("  {name:8} {:>7}  {why}", figures::ABSENT));
    }
    for name in found.ratios.keys() {
        if let Some(ratio) = found.ratio(name) {
            line(format!(
                "  loadgen / {name} {:.2}  ({:.2} to {:.2})",
                ratio.median, ratio.least, ratio.most
            ));
        }
    }
    line(stolen_line(found.stolen));
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::flags::one_command::flags_of;

    #[test]
    fn a_turn_is_as_long_as_asked_for_in_whole_seconds() {
        let seconds = |words: &str| {
            let words = ["bench", "--against", "wrk"]
                .into_iter()
                .chain(words.split_whitespace());
            plan(&flags_of(words).unwrap()).seconds
        };
        assert_eq!(seconds(""), SECONDS);
        assert_eq!(seconds("--seconds 0.5"), 1);
        assert_eq!(seconds("--seconds 8.2"), 9);
        assert_eq!(seconds("--quick"), 1);
    }

    fn found(quick: bool) -> PeerComparison {
        PeerComparison {
            quick,
            url: "http://127.0.0.1:1/".to_owned(),
            login_every: None,
            versions: [("wrk", "4.1.0".to_owned())].into(),
            cpu_per_request_us: [
                ("loadgen", vec![10.0, 11.0, 12.0]),
                ("wrk", vec![8.0, 11.0, 10.0]),
            ]
            .into(),
            ratios: [("wrk", vec![1.25, 1.0, 1.2])].into(),
            not_known: BTreeMap::new(),
            stolen: Some(0.03),
        }
    }

    #[test]
    fn each_tool_has_its_cost_and_its_ratio_with_their_spread() {
        let text = render(&found(false));
        for line in [
            "  loadgen    11.00 us  (3 rounds, 10.00 to 12.00)  ",
            "  wrk        10.00 us  (3 rounds, 8.00 to 11.00)  4.1.0",
            "  loadgen / wrk 1.20  (1.00 to 1.25)",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
        // A disturbed machine is said to be one.
        assert!(text.contains("\nNOISY: stolen"), "{text}");
        assert!(!text.contains("login"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_a_dash_with_its_reason_and_has_no_ratio() {
        let mut found = found(false);
        found.login_every = Some(2_000);
        let why = "cannot mix: all of its requests have one method and one body";
        found.not_known = [("oha", why.to_owned())].into();
        let text = render(&found);
        assert!(text.contains("one of 2000 requests is a login"), "{text}");
        let row = format!("  {:8} {:>7}  {why}\n", "oha", "–");
        assert!(text.contains(&row), "{text}");
        assert!(!text.contains("loadgen / oha"), "{text}");
        let object = serde_json::to_value(&found).unwrap();
        assert_eq!(object["not_known"]["oha"], why);
        assert_eq!(object["login_every"], 2_000);
    }

    #[test]
    fn a_quick_check_says_that_it_is_no_measurement() {
        let text = render(&found(true));
        assert!(text.starts_with(QUICK_CHECK), "{text}");
        assert!(!render(&found(false)).contains(QUICK_CHECK));
    }
}
