//! The program that is tested, as a process.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// The printed object; null where there was none.
    pub(crate) figures: Value,
    /// What was said on standard error.
    pub(crate) stderr: String,
}

/// The program with these arguments, without a terminal and without settings of the caller's.
pub(crate) fn loadgen<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    alone(command.args(arguments));
    command
}

/// Pipes, and no `LOADGEN_…` of the caller's.
pub(crate) fn alone(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A measured command stores its results, unless a test says elsewhere.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOADGEN_") {
            command.env_remove(name);
        }
    }
    command.env(
        "LOADGEN_RESULTS",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/results"),
    );
}

/// Makes a program of a text. A process of its own writes it: a descriptor of this one that is open for writing
/// may be inherited by the child of another test in that moment, and then the file cannot be executed.
pub(crate) fn script(path: &Path, text: &str) {
    let write = "printf '%s' \"$1\" >\"$0\" && chmod 755 \"$0\"";
    let mut command = Command::new("sh");
    let written = command.args(["-c", write]).arg(path).arg(text).status();
    assert!(written.unwrap().success(), "{}", path.display());
}

/// A started program, killed where a test ends before it does.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.as_ref().map_or(0, Child::id)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _gone = child.kill();
            let _code = child.wait();
        }
    }
}

pub(crate) fn start(mut command: Command) -> Running {
    Running(Some(command.spawn().unwrap()))
}

/// Waits for its end.
pub(crate) fn finish(mut running: Running) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = running.0.take().unwrap().wait_with_output().unwrap();
    Ran {
        code: status.code(),
        figures: serde_json::from_slice(&stdout).unwrap_or_default(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// `loadgen http URL --json --quiet` with these arguments, separated by spaces.
pub(crate) fn http(url: &str, arguments: &str) -> Ran {
    let fixed = ["http", url, "--json", "--quiet"];
    finish(start(loadgen(
        fixed.into_iter().chain(arguments.split_whitespace()),
    )))
}

impl Ran {
    /// A percentile of the responses in milliseconds; endless where failures reach into it.
    pub(crate) fn response(&self, which: &str) -> f64 {
        match &self.figures["response"][which] {
            Value::Null => f64::INFINITY,
            Value::String(word) if word == "beyond_timeout" => f64::INFINITY,
            known => known
                .as_f64()
                .unwrap_or_else(|| panic!("{which} is {known}: {self:?}")),
        }
    }

    /// How many requests ended so.
    pub(crate) fn outcome(&self, word: &str) -> u64 {
        self.figures["outcomes"][word]
            .as_u64()
            .unwrap_or_else(|| panic!("no outcome {word}: {self:?}"))
    }

    /// How many requests were planned.
    pub(crate) fn planned(&self) -> u64 {
        self.figures["planned"]
            .as_u64()
            .unwrap_or_else(|| panic!("no figures: {self:?}"))
    }

    /// Every outcome added up.
    pub(crate) fn settled(&self) -> u64 {
        let outcomes = self.figures["outcomes"].as_object().unwrap();
        outcomes.values().map(|count| count.as_u64().unwrap()).sum()
    }

    /// Whether the program ended as after a load that held: with 0, or with 96 because the machine
    /// was disturbed meanwhile.
    pub(crate) fn held(&self) -> bool {
        self.code == Some(0) || self.code == Some(96) && self.validity() == "NOISY"
    }

    /// Whether the load came to its planned end with a verdict on it, and nothing was found wrong with the
    /// target: as [`held`](Self::held), or with 97 because the generator had too little of the machine.
    pub(crate) fn ran_through(&self) -> bool {
        self.held() || self.code == Some(97) && self.validity() == "INVALID"
    }

    /// VALID, NOISY or INVALID.
    pub(crate) fn validity(&self) -> &str {
        self.figures["validity"]["word"].as_str().unwrap()
    }

    /// Whether a self-check held.
    pub(crate) fn holds(&self, code: &str) -> bool {
        let checks = self.figures["validity"]["checks"].as_array().unwrap();
        let one = checks.iter().find(|check| check["code"] == code).unwrap();
        one["ok"].as_bool().unwrap()
    }
}
