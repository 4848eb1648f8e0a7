//! What README.md shows of a report is what the program prints of that run today.

use std::{env, fs};

use crate::support::loadgen;

/// What encloses the excerpt.
const BEGIN: &str = "<!-- demo excerpt begin -->\n```\n";
const END: &str = "```\n<!-- demo excerpt end -->";

/// With `UPDATE_READMES=1` the excerpt is replaced by what is printed.
#[test]
fn the_excerpt_in_the_readme_is_what_the_program_prints() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let path = format!("{root}/README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the begin of the excerpt");
    let (shown, after) = rest.split_once(END).expect("the end of the excerpt");
    let run = format!("{root}/results/published/demo");
    let output = loadgen(["report", &run]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let wanted = excerpt(&printed);
    assert!(wanted.lines().count() > 15, "{printed}");
    if env::var_os("UPDATE_READMES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, wanted, "run this test with UPDATE_READMES=1");
    }
}

/// Areas of the table that the excerpt leaves out.
const LEFT_OUT: [&str; 5] = ["Booking", "Recordings", "Chat", "All requests", "Caches"];

/// The part above the tables of operations without some areas, and the line on the audits.
fn excerpt(printed: &str) -> String {
    let (above, below) = printed
        .split_once("\nOperations, before")
        .expect("a table of operations");
    let audit = below
        .lines()
        .find(|line| line.starts_with("Audit:"))
        .expect("a line on the audits");
    let mut lines: Vec<&str> = Vec::new();
    let mut left_out = false;
    for line in above.lines().map(str::trim_end) {
        if !line.starts_with(' ') {
            let before = std::mem::replace(&mut left_out, LEFT_OUT.contains(&line));
            if left_out && !before {
                lines.push("...");
            }
        }
        // Where its files are differs from machine to machine.
        if !left_out && !line.contains("results/") {
            lines.push(line);
        }
    }
    lines.extend(["...", audit]);
    format!("{}\n", lines.join("\n").trim())
}
