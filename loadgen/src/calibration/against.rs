//! Other load generators beside this one: each is run as a process of its own with the same load,
//! in turn, round after round, and charged with the processor time that the kernel counted for it.

use std::{
    collections::BTreeMap,
    io,
    process::{Command, Stdio},
};

use serde::Serialize;
use serde_json::Value;

use super::{
    children_cpu::children_cpu_us,
    peer_load::PeerLoad,
    peer_tool::{PeerTool, missing},
    spread::{RoundSpread, turns},
    stolen::StealMeter,
};

/// The name of this program among the tools.
const OWN: &str = "loadgen";
/// Fewest requests of a run: the start and the end of the process are divided among them.
const FEWEST_REQUESTS: u64 = 10_000;
/// Fewest logins of a run that mixes them in.
const FEWEST_LOGINS: u64 = 10;
/// Least processor time of a run, in microseconds. The kernel tells user and system time in ticks of 10 ms
/// each, so that a difference is off by up to two of them: here 4 %.
const LEAST_CPU_US: u64 = 500_000;

/// How long the tools are compared.
#[derive(Debug, Clone, Copy)]
pub struct PeerPlan {
    /// How often each tool runs.
    pub rounds: u32,
    /// Seconds of each run.
    pub seconds: u32,
    /// Whether it is no measurement, only a check that it works.
    pub quick: bool,
}

/// What a request cost the tools.
#[derive(Debug, Clone, Serialize)]
pub struct PeerComparison {
    /// Whether it is no measurement, only a check that everything works.
    pub quick: bool,
    /// What was requested.
    pub url: String,
    /// One of so many requests was a login instead; absent where none was.
    pub login_every: Option<u32>,
    /// Versions of the other tools.
    pub versions: BTreeMap<&'static str, String>,
    /// CPU microseconds a request of the whole process, by tool and round; user and system time.
    pub cpu_per_request_us: BTreeMap<&'static str, Vec<f64>>,
    /// loadgen's cost by that of each other tool, by round.
    pub ratios: BTreeMap<&'static str, Vec<f64>>,
    /// Why the cost of a tool is not known.
    pub not_known: BTreeMap<&'static str, String>,
    /// Share of all processors that the hypervisor took meanwhile.
    pub stolen: Option<f64>,
}

impl PeerComparison {
    /// The ratios to a tool.
    pub fn ratio(&self, tool: &str) -> Option<RoundSpread> {
        RoundSpread::of(self.ratios.get(tool)?)
    }
}

/// Runs `own` (this program's `http` command without a URL and length) and the tools with a load, in turn. A
/// run with failed requests is an error; a tool that cannot send the load, or has a run with too little of it
/// for a figure, has the reason in place of its figures.
pub fn against(
    own: impl Fn() -> Command,
    tools: &[PeerTool],
    load: &PeerLoad,
    plan: PeerPlan,
    mut report: impl FnMut(String),
) -> io::Result<PeerComparison> {
    let PeerPlan {
        rounds,
        seconds,
        quick,
    } = plan;
    let mut not_known: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut versions = BTreeMap::new();
    let mut sending = Vec::new();
    for tool in tools {
        if let Some(why) = tool.refusal(load) {
            not_known.insert(tool.program(), why.to_owned());
        } else {
            versions.insert(tool.program(), tool.version()?);
            sending.push(*tool);
        }
    }
    if sending.is_empty() {
        let all: Vec<String> = not_known
            .iter()
            .map(|(name, why)| format!("{name} {why}"))
            .collect();
        return Err(io::Error::other(format!(
            "there is nothing to compare with: {}; add a tool that can to --against",
            all.join("; ")
        )));
    }
    let fewest = fewest_requests(load);
    let stolen = StealMeter::begin();
    let mut costs: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        report(format!("round {} of {rounds}", round + 1));
        for turn in turns(round, sending.len() + 1) {
            let (name, run) = match turn.checked_sub(1) {
                None => {
                    let command = own_command(own(), load, seconds);
                    (OWN, spent(command, own_answered, own_failed)?)
                }
                Some(other) => {
                    let tool = sending[other];
                    let command = tool.command(load, seconds);
                    let answered = |text: &str| tool.answered(text);
                    let failed = |text: &str| tool.failed(text);
                    (tool.program(), spent(command, answered, failed)?)
                }
            };
            match run.too_little(fewest).filter(|_| !quick) {
                Some(why) => {
                    not_known.entry(name).or_insert(why);
                }
                None => costs.entry(name).or_default().push(run.each_us()),
            }
        }
    }
    // The figures of its other rounds are not what was asked for.
    costs.retain(|name, _| !not_known.contains_key(name));
    Ok(PeerComparison {
        quick,
        url: load.url.clone(),
        login_every: load.logins.as_ref().map(|mix| mix.every),
        versions,
        ratios: ratios(&costs),
        cpu_per_request_us: costs,
        not_known,
        stolen: stolen.share(),
    })
}

/// loadgen's cost by that of each other tool, by round; none where its own is not known.
fn ratios(costs: &BTreeMap<&'static str, Vec<f64>>) -> BTreeMap<&'static str, Vec<f64>> {
    let Some(own) = costs.get(OWN) else {
        return BTreeMap::new();
    };
    costs
        .iter()
        .filter(|(name, _)| **name != OWN)
        .map(|(name, costs)| {
            let ratios = own.iter().zip(costs).map(|(own, other)| own / other);
            (*name, ratios.collect())
        })
        .collect()
}

/// Fewest requests of a run that say what one costs.
fn fewest_requests(load: &PeerLoad) -> u64 {
    let for_logins = load
        .logins
        .as_ref()
        .map_or(0, |mix| FEWEST_LOGINS * u64::from(mix.every));
    FEWEST_REQUESTS.max(for_logins)
}

fn own_command(mut command: Command, load: &PeerLoad, seconds: u32) -> Command {
    command.args(["--duration", &format!("{seconds}s")]);
    if let Some(mix) = &load.logins {
        command.args(["--bench-login-every", &mix.every.to_string()]);
    }
    command.arg(&load.url);
    command
}

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct PeerRun {
    requests: u64,
    cpu_us: u64,
}

impl PeerRun {
    /// CPU microseconds for each request.
    fn each_us(self) -> f64 {
        self.cpu_us as f64 / self.requests as f64
    }

    /// Why that says little.
    fn too_little(self, fewest: u64) -> Option<String> {
        let Self { requests, cpu_us } = self;
        let longer = "give a longer --seconds, or a faster target";
        if requests < fewest {
            return Some(format!(
                "a run had {requests} requests, {fewest} are needed: {longer}"
            ));
        }
        (cpu_us < LEAST_CPU_US).then(|| {
            let (ms, least) = (cpu_us / 1_000, LEAST_CPU_US / 1_000);
            format!(
                "a run took {ms} ms of CPU, {least} ms are needed because the kernel counts in steps of 10 ms: {longer}"
            )
        })
    }
}

/// Runs one process to its end; its answered requests and its processor time.
fn spent(
    mut command: Command,
    answered: impl Fn(&str) -> Option<u64>,
    failed: impl Fn(&str) -> bool,
) -> io::Result<PeerRun> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = children_cpu_us()?;
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| missing(&name, &error))?;
    let cpu_us = children_cpu_us()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout);
    let error = |what: &str| {
        let why = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("{name} {what}: {}", why.trim()))
    };
    // First: many failures end a program with an error too.
    if failed(&text) {
        return Err(error(
            "had failed requests, which are cheaper than answered ones",
        ));
    }
    if !output.status.success() {
        return Err(error(&format!("failed ({})", output.status)));
    }
    match answered(&text) {
        Some(requests @ 1..) => Ok(PeerRun { requests, cpu_us }),
        _ => Err(error("printed no number of requests")),
    }
}

/// How many requests of `loadgen http --json` were right, and how many had another outcome.
fn own_outcomes(text: &str) -> Option<(u64, u64)> {
    let found: Value = serde_json::from_str(text).ok()?;
    let outcomes = found.get("outcomes")?.as_object()?;
    let all: u64 = outcomes.values().filter_map(Value::as_u64).sum();
    let ok = outcomes.get("ok")?.as_u64()?;
    Some((ok, all.saturating_sub(ok)))
}

fn own_answered(text: &str) -> Option<u64> {
    own_outcomes(text).map(|(ok, _)| ok)
}

fn own_failed(text: &str) -> bool {
    own_outcomes(text).is_some_and(|(_, others)| others > 0)
}

#[cfg(test)]
mod tests {
    use super::{super::peer_load::LoginMix, *};

    fn load(every: Option<u32>) -> PeerLoad {
        PeerLoad {
            url: "http://127.0.0.1:1/page".to_owned(),
            logins: every.map(|every| LoginMix::prepare("/page", every).unwrap()),
        }
    }

    #[test]
    fn an_own_request_that_was_not_right_fails_the_run() {
        let all = r#"{"outcomes":{"ok":7,"timeout":0}}"#;
        assert_eq!((own_answered(all), own_failed(all)), (Some(7), false));
        assert!(own_failed(r#"{"outcomes":{"ok":7,"http_error":1}}"#));
        assert_eq!(own_answered("no json"), None);
        // What it prints for a person says why, also where it ends with an error.
        let script = r#"echo '{"outcomes":{"ok":7,"http_error":1}}'; exit 99"#;
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let why = spent(command, own_answered, own_failed).unwrap_err();
        assert!(why.to_string().contains("had failed requests"), "{why}");
    }

    #[test]
    fn the_own_side_sends_the_same_logins_as_the_others() {
        let words = |every| {
            let command = own_command(Command::new("loadgen"), &load(every), 3);
            let words = command.get_args();
            let words: Vec<_> = words
                .map(|one| one.to_string_lossy().into_owned())
                .collect();
            words.join(" ")
        };
        let url = "http://127.0.0.1:1/page";
        assert_eq!(words(None), format!("--duration 3s {url}"));
        assert_eq!(
            words(Some(50)),
            format!("--duration 3s --bench-login-every 50 {url}")
        );
    }

    #[test]
    fn a_run_of_few_requests_or_little_processor_time_has_no_cost() {
        let run = |requests, cpu_us| PeerRun { requests, cpu_us };
        assert!((run(20_000, 500_000).each_us() - 25.0).abs() < 1e-9);
        let too_little = |requests, cpu_us| run(requests, cpu_us).too_little(10_000);
        assert_eq!(too_little(20_000, 500_000), None);
        let few = too_little(9_999, 900_000).unwrap();
        assert!(few.contains("9999 requests, 10000 are needed"), "{few}");
        let short = too_little(20_000, 490_000).unwrap();
        assert!(short.contains("490 ms of CPU"), "{short}");
        assert_eq!(fewest_requests(&load(None)), 10_000);
        // Ten logins.
        assert_eq!(fewest_requests(&load(Some(2_000))), 20_000);
    }

    #[test]
    fn a_ratio_needs_the_cost_of_both_sides() {
        let mut costs: BTreeMap<&'static str, Vec<f64>> =
            [(OWN, vec![12.0, 9.0]), ("wrk", vec![10.0, 10.0])].into();
        assert_eq!(ratios(&costs), BTreeMap::from([("wrk", vec![1.2, 0.9])]));
        costs.remove(OWN);
        assert!(ratios(&costs).is_empty());
    }

    #[test]
    fn where_no_tool_can_send_the_load_nothing_is_started() {
        let own = || -> Command { unreachable!("nothing is measured") };
        let plan = PeerPlan {
            rounds: 1,
            seconds: 1,
            quick: true,
        };
        let found = against(own, &[PeerTool::Oha], &load(Some(50)), plan, |_| {});
        let why = found.unwrap_err().to_string();
        assert!(why.contains("oha cannot mix"), "{why}");
    }

    #[test]
    fn the_processor_time_of_a_child_is_counted() {
        let command = || {
            let mut command = Command::new("sh");
            command.args([
                "-c",
                "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo 10 requests in 1s",
            ]);
            command
        };
        let busy = spent(command(), |text| PeerTool::Wrk.answered(text), |_| false).unwrap();
        assert!(busy.each_us() > 1_000.0, "{busy:?}");
        let none = spent(Command::new("no-such-tool"), |_| None, |_| false).unwrap_err();
        assert!(none.to_string().contains("--against"), "{none}");
    }
}
