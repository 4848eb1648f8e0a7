//! The pictures of the documentation, taken from the published runs: `scripts/pictures.sh`.

use std::{fs, path::Path};

use super::looks::{ask, walk};
use crate::support::{Browser, Page, report};

/// Width of a picture in CSS pixels: what a page of documentation shows without scaling it down far.
const WIDTH: u32 = 1_040;
/// Largest picture, in bytes.
const MOST_BYTES: usize = 200_000;

/// Which part of which report: the picture's name, the run, an expression for the first and the last
/// element in it, and the most pixels of height.
const PARTS: [(&str, &str, &str, f64); 9] = [
    (
        "report",
        "demo",
        "[header, facts.nextElementSibling]",
        900.0,
    ),
    ("verdict", "demo", "[header, facts]", 700.0),
    ("figures", "demo", "[part('figures')]", 900.0),
    (
        "spectrum",
        "demo",
        "[chart(/fastest to the slowest|of every request/)]",
        600.0,
    ),
    (
        "over-time",
        "demo",
        "[chart(/^Response time over time/)]",
        600.0,
    ),
    ("target", "demo", "[part('target')]", 820.0),
    ("why", "demo", "[part('why')]", 760.0),
    ("validity", "demo", "[part('validity')]", 560.0),
    ("audit", "demo", "[part('audit')]", 620.0),
];

/// What the expressions of [`PARTS`] are made of.
const WORDS: &str = r"
  const header = document.querySelector('header');
  const facts = document.querySelector('[aria-label=Verdict]');
  const part = (id) => document.getElementById(id);
  const chart = (title) => [...document.querySelectorAll('figure')].find((one) => title.test(one.querySelector('h3')?.textContent.trim()));
";

/// Left, top, width and height of what an expression names, in pixels of the page.
fn place(page: &Page<'_>, expression: &str, most: f64) -> [f64; 4] {
    page.eval(&format!(
        r"(() => {{
             {WORDS}
             const all = {expression}.map((one) => one.getBoundingClientRect());
             const top = Math.min(...all.map((one) => one.top)), bottom = Math.max(...all.map((one) => one.bottom));
             const left = Math.min(...all.map((one) => one.left)), right = Math.max(...all.map((one) => one.right));
             const from = Math.max(0, left - 16);
             return [from + scrollX, top + scrollY - 8, Math.min(innerWidth, right + 16) - from, Math.min({most}, bottom - top + 16)];
           }})()"
    ))
}

/// Writes `docs/pictures/NAME.png`.
pub(super) fn save(name: &str, picture: &[u8]) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures"));
    fs::create_dir_all(folder).unwrap();
    assert!(
        picture.len() < MOST_BYTES,
        "{name}: {} bytes",
        picture.len()
    );
    fs::write(folder.join(format!("{name}.png")), picture).unwrap();
}

#[test]
#[ignore = "writes docs/pictures; scripts/pictures.sh runs it"]
fn the_pictures_of_the_documentation_are_taken() {
    let browser = Browser::start();
    let page = browser.page();
    page.size(WIDTH, 900);
    page.prefer("light", "screen");
    for (name, run, expression, most) in PARTS {
        page.go(&report(run, &browser.folder().join(run)));
        ask(&page);
        walk(&page);
        page.until("looks.charts().every((one) => one.drawn > 2)");
        save(name, &page.picture(place(&page, expression, most)));
    }
    page.prefer("dark", "screen");
    page.go(&report("demo", &browser.folder().join("demo")));
    save(
        "report-dark",
        &page.picture(place(&page, PARTS[0].2, PARTS[0].3)),
    );
    assert_eq!(page.complaints(), Vec::<String>::new());
}
