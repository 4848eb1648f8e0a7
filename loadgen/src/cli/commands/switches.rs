//! `loadgen switches`: every switch on one line.

use std::io::{self, Write};

use shared::profile::SWITCHES;

use crate::{
    cli::{failure::Failure, output::closed_pipe},
    exit,
};

/// Prints the catalogue of switches.
pub(in crate::cli) fn run() -> Result<u8, Failure> {
    print(&mut io::stdout().lock())
        .map(|()| exit::PASSED)
        .or_else(closed_pipe)
}

fn print(out: &mut impl Write) -> io::Result<()> {
    let width = |pick: fn(&shared::profile::Switch) -> &'static str, title: &str| {
        SWITCHES
            .iter()
            .map(|switch| pick(switch).len())
            .max()
            .unwrap_or(0)
            .max(title.len())
    };
    let (path, before, after) = (
        width(|switch| switch.path, "switch"),
        width(|switch| switch.before, "before"),
        width(|switch| switch.after, "after"),
    );
    writeln!(
        out,
        "{:path$}  {:before$}  {:after$}  what it does",
        "switch", "before", "after"
    )?;
    for switch in SWITCHES {
        writeln!(
            out,
            "{:path$}  {:before$}  {:after$}  {}",
            switch.path, switch.before, switch.after, switch.help
        )?;
    }
    writeln!(
        out,
        "\nSet one with --set {}={}; a wrong value is refused with the valid ones.",
        SWITCHES[0].path, SWITCHES[0].after
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_its_line() {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for switch in SWITCHES {
            let line = text
                .lines()
                .find(|line| line.starts_with(switch.path))
                .unwrap();
            assert!(line.contains(switch.help), "{line}");
        }
    }
}
