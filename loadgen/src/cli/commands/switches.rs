//! `loadgen switches`: every switch on one line.

use std::io::{self, Write};

use shared::profile::SWITCHES;

use crate::{
    cli::{
        failure::Failure,
        output::{closed_pipe, columns, hanging},
    },
    exit,
};

/// Prints the catalogue of switches.
pub(in crate::cli) fn run() -> Result<u8, Failure> {
    print(&mut io::stdout().lock(), columns())
        .map(|()| exit::PASSED)
        .or_else(closed_pipe)
}

fn print(out: &mut impl Write, columns: usize) -> io::Result<()> {
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
    let line = |switch: &str, from: &str, to: &str, help: &str| {
        let whole = format!("{switch:path$}  {from:before$}  {to:after$}  {help}\n");
        if whole.chars().count() <= columns {
            return whole;
        }
        // Where it is too wide, what it does stands below it.
        let short = format!("{switch:path$}  {from:before$}  {to}");
        format!("{}\n{}", short.trim_end(), hanging("    ", help, columns))
    };
    let head = line("switch", "before", "after", "what it does");
    out.write_all(head.as_bytes())?;
    for switch in SWITCHES {
        let text = line(switch.path, switch.before, switch.after, switch.help);
        out.write_all(text.as_bytes())?;
    }
    let set = format!(
        "Set one with --set {}={}; a wrong value is refused with the valid ones.",
        SWITCHES[0].path, SWITCHES[0].after
    );
    write!(out, "\n{}", hanging("", &set, columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_its_line() {
        let mut out = Vec::new();
        print(&mut out, usize::MAX).unwrap();
        let text = String::from_utf8(out).unwrap();
        for switch in SWITCHES {
            let line = text
                .lines()
                .find(|line| line.starts_with(switch.path))
                .unwrap();
            assert!(line.contains(switch.help), "{line}");
        }
    }
    #[test]
    fn a_terminal_of_80_columns_is_wide_enough() {
        let mut out = Vec::new();
        print(&mut out, 80).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for switch in SWITCHES {
            assert!(text.contains(switch.path), "{}", switch.path);
        }
    }
}
