//! What README.md shows of a report is what the program prints of that run today.

use std::{collections::HashSet, fs};

use crate::support::loadgen;

#[test]
fn the_excerpt_in_the_readme_is_what_the_program_prints() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let (_, rest) = readme.split_once("```\nPASSED ").expect("an excerpt");
    let (excerpt, _) = rest.split_once("```").unwrap();
    let run = format!("{root}/results/published/demo");
    let printed = loadgen(["report", &run]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let lines: HashSet<&str> = printed.lines().collect();
    let shown: Vec<&str> = excerpt
        .lines()
        .skip(1)
        .filter(|line| *line != "...")
        .collect();
    assert!(shown.len() > 20, "{shown:?}");
    for line in shown {
        assert!(
            lines.contains(line),
            "README.md shows `{line}`, which is not printed"
        );
    }
}
