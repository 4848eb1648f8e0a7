//! All reports of one folder, derived by the program itself, say the same figures: thresholds,
//! operations and areas, cell by cell, and each is the stored number rounded to its digits.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::support::loadgen;

/// The columns that every table of operations has.
const RESPONSE: [&str; 5] = ["p50", "p95", "p97_5", "p99", "max"];

/// One folder's reports, by format.
type Reports = BTreeMap<&'static str, String>;

fn published(name: &str) -> Value {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
    serde_json::from_str(&fs::read_to_string(home.join(name).join("summary.json")).unwrap())
        .unwrap()
}

/// The same figures as those of one arm's run.
fn as_run(mut summary: Value) -> Value {
    summary["kind"] = json!("run");
    for key in ["arms", "trials"] {
        let last = summary[key].as_array_mut().unwrap().pop();
        summary[key] = json!([last]);
    }
    summary["effects"] = json!([]);
    summary["controls"] = json!([]);
    summary["arms"][0]["name"] = json!("run");
    for one in summary["thresholds"].as_array_mut().unwrap() {
        one["arm"] = json!("run");
    }
    summary
}

/// Puts a summary into a folder and lets the program make each report of it.
fn derived(summary: &Value) -> Reports {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("summary.json"), summary.to_string()).unwrap();
    let report = |format: &'static str| {
        let folder = root.path().to_str().unwrap();
        let made = loadgen(["report", folder, "--format", format])
            .output()
            .unwrap();
        assert_eq!(made.status.code(), Some(0), "{format}: {made:?}");
        (format, String::from_utf8(made.stdout).unwrap())
    };
    ["json", "md", "html", "junit", "csv", "text"]
        .map(report)
        .into()
}

/// The text behind the escapes of XML, HTML and Markdown.
fn plain(text: &str) -> String {
    let mut text = text.replace('\\', "");
    for (escape, letter) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2f;", "/"),
        ("&#64;", "@"),
        ("&#35;", "#"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escape, letter);
    }
    text.replace("**", "").trim().to_owned()
}

/// Every property of the test report, in its order.
fn properties(xml: &str) -> Vec<(String, String)> {
    let attribute = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        Some(plain(rest.split_once('"')?.0))
    };
    xml.lines()
        .filter(|line| line.trim_start().starts_with("<property "))
        .filter_map(|line| Some((attribute(line, "name")?, attribute(line, "value")?)))
        .collect()
}

/// The cells of each row of a Markdown report.
fn markdown_rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        line.split('|')
            .map(plain)
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    text.lines()
        .map(|line| line.replace("\\|", "/"))
        .filter(|line| line.starts_with("| "))
        .map(|line| cells(&line))
        .collect()
}

/// The cells of each row of a page.
fn page_rows(page: &str) -> Vec<Vec<String>> {
    let without_tags = |cell: &str| {
        let mut text = String::new();
        let mut inside = false;
        for letter in cell.chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                letter if !inside => text.push(letter),
                _ => {}
            }
        }
        plain(&text)
    };
    let rows = page.split("<tr").skip(1);
    rows.map(|row| {
        let row = row.split("</tr>").next().unwrap_or_default();
        let cells = row.split("<t").skip(1);
        cells
            .filter_map(|cell| Some(without_tags(cell.split_once('>')?.1)))
            .filter(|cell| !cell.is_empty())
            .collect()
    })
    .collect()
}

/// Whether the row holds these cells in this order, others between them or not.
fn holds(row: &[String], cells: &[&str]) -> bool {
    let mut row = row.iter();
    let is = |other: &str, cell: &str| other == cell || other.strip_suffix(" claim") == Some(cell);
    cells.iter().all(|cell| row.any(|other| is(other, cell)))
}

/// Whether a line of a terminal holds these figures in this order, whole.
fn line_holds(line: &str, figures: &[&str]) -> bool {
    let mut rest = line;
    figures.iter().all(|figure| {
        let padded = rest.match_indices(figure).find(|(at, _)| {
            let before = rest[..*at].chars().next_back();
            let after = rest[at + figure.len()..].chars().next();
            before.is_none_or(|letter| letter == ' ') && after.is_none_or(|letter| letter == ' ')
        });
        match padded {
            Some((at, _)) => {
                rest = &rest[at + figure.len()..];
                true
            }
            None => false,
        }
    })
}

/// The stored number, and the text of it: whether the text is the number at the text's digits.
fn is_rounded(text: &str, stored: Option<f64>, scale: f64) -> bool {
    let Some(stored) = stored.map(|stored| stored * scale) else {
        return text == "∞" || text == "> timeout";
    };
    let digits: String = text
        .chars()
        .filter(|letter| letter.is_ascii_digit() || *letter == '.')
        .collect();
    let Ok(printed_as) = digits.parse::<f64>() else {
        return false;
    };
    if text.starts_with('>') || text.starts_with('<') {
        // Never rounded to whole: more than 99.99 %, less than 0.01 %.
        return (stored > printed_as) == text.starts_with('>');
    }
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let half = 0.5 / 10_f64.powi(decimals as i32);
    (stored - printed_as).abs() <= half * 1.000_001
}

/// What the reports do not agree on.
fn disagreements(reports: &Reports) -> Vec<String> {
    let mut found = Vec::new();
    let summary: Value = serde_json::from_str(&reports["json"]).unwrap();
    let properties = properties(&reports["junit"]);
    let printed_as: BTreeMap<&str, &str> = properties
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let (markdown, page) = (markdown_rows(&reports["md"]), page_rows(&reports["html"]));
    let lines: Vec<&str> = reports["text"].lines().collect();
    let mut everywhere = |what: &str, cells: &[&str], figures: &[&str]| {
        if !markdown.iter().any(|row| holds(row, cells)) {
            found.push(format!("md lacks {what} {cells:?}"));
        }
        if !page.iter().any(|row| holds(row, cells)) {
            found.push(format!("html lacks {what} {cells:?}"));
        }
        if !lines.iter().any(|line| line_holds(line, figures)) {
            found.push(format!("text lacks {what} {figures:?}"));
        }
    };
    let mut wrong = Vec::new();
    let arms = summary["arms"].as_array().unwrap();
    for arm in arms {
        let arm_name = arm["name"].as_str().unwrap();
        let operations = arm["operations"].as_array().unwrap();
        for one in operations.iter().chain([&arm["total"]]) {
            let name = one["name"].as_str().unwrap();
            let figure = |what: &str| {
                let key = format!("operations.{arm_name}.{name}.{what}");
                printed_as.get(key.as_str()).copied()
            };
            let Some(count) = figure("count") else {
                // A total of one operation is that operation.
                let single = name == "total" && operations.len() == 1;
                if !single && one["planned"] != 0 {
                    wrong.push(format!("junit lacks {arm_name} {name}"));
                }
                continue;
            };
            let (rate, errors) = (figure("rate").unwrap(), figure("errors").unwrap());
            let response = RESPONSE.map(|at| figure(&format!("response_{at}_ms")).unwrap());
            let mut cells = vec![name, count, rate, errors];
            cells.extend(response);
            everywhere("operation", &cells, &cells[1..]);
            let mut rounded = |what: &str, text: &str, stored: Option<f64>, scale: f64| {
                if !is_rounded(text, stored, scale) {
                    wrong.push(format!("{arm_name} {name} {what}: {text} for {stored:?}"));
                }
            };
            rounded("count", count, one["planned"].as_f64(), 1.0);
            rounded("rate", rate, one["rate_per_s"].as_f64(), 1.0);
            let failed = one["success"]
                .as_f64()
                .map(|success| (1.0 - success).max(0.0));
            rounded("errors", errors, failed, 100.0);
            for (at, text) in RESPONSE.iter().zip(response) {
                let service = figure(&format!("service_{at}_ms")).unwrap();
                for (text, stored) in [(text, &one["response"][at]), (service, &one["service"][at])]
                {
                    // A percentile of too few requests says how many there were.
                    if stored["too_few"].is_u64() {
                        assert!(text.starts_with("–  n="), "{arm_name} {name} {at}: {text}");
                    } else {
                        rounded(at, text, stored.as_f64(), 1.0);
                    }
                }
            }
            wrong.extend(raw_line(&reports["csv"], arm_name, name, one));
        }
    }
    for one in summary["thresholds"].as_array().unwrap() {
        let of = |key: &str| one[key].as_str().unwrap();
        let (text, arm, figure, word) = (of("text"), of("arm"), of("figure"), of("word"));
        everywhere(
            "threshold",
            &[text, arm, figure],
            &[text, figure, word, arm],
        );
        let mine = [("figure", figure), ("limit", text), ("result", word)];
        let same = |three: &[(String, String)]| {
            three
                .iter()
                .zip(mine)
                .all(|(one, other)| (one.0.as_str(), one.1.as_str()) == other)
        };
        if !properties.windows(3).any(same) {
            wrong.push(format!("junit lacks the threshold {text} of {arm}"));
        }
    }
    for (name, before) in &properties {
        let parts: Vec<&str> = name.split('.').collect();
        let (["areas", _, .., arm], Some(first)) = (parts.as_slice(), arms.first()) else {
            continue;
        };
        if first["name"] != *arm {
            continue;
        }
        // The metric itself may hold a dot: `P97.5`.
        let metric = parts[2..parts.len() - 1].join(".");
        let stem = name.strip_suffix(arm).unwrap();
        let other = |what: &str| {
            printed_as
                .get(format!("{stem}{what}").as_str())
                .copied()
                .unwrap_or_default()
        };
        let mut cells = vec![metric.as_str(), before.as_str()];
        let change = format!("{} {}", other("change"), other("interval"));
        if arms.len() == 2 {
            cells.extend([other(arms[1]["name"].as_str().unwrap()), change.trim()]);
        }
        if !markdown.iter().any(|row| holds(row, &cells)) {
            wrong.push(format!("md lacks area {cells:?}"));
        }
        if !lines.iter().any(|line| line_holds(line, &cells[1..])) {
            wrong.push(format!("text lacks area {cells:?}"));
        }
        if !page.iter().any(|row| holds(row, &cells)) {
            wrong.push(format!("html lacks area {cells:?}"));
        }
    }
    found.extend(wrong);
    found
}

/// The line of an operation in the CSV holds the stored numbers themselves.
fn raw_line(csv: &str, arm: &str, name: &str, stored: &Value) -> Option<String> {
    let head: Vec<&str> = csv.lines().next()?.split(',').collect();
    let begin = format!("{arm},{name},");
    let line: Vec<&str> = csv
        .lines()
        .find(|line| line.starts_with(&begin))?
        .split(',')
        .collect();
    let printed_as = |column: &str| {
        let at = head.iter().position(|name| *name == column)?;
        line.get(at)?.parse::<f64>().ok()
    };
    let mut wanted = vec![("planned".to_owned(), stored["planned"].as_f64())];
    for kind in ["response", "service"] {
        for at in RESPONSE {
            let figure = match &stored[kind][at] {
                Value::String(_) => Some(f64::INFINITY),
                figure => figure.as_f64(),
            };
            wanted.push((format!("{kind}_{at}_ms"), figure));
        }
    }
    let wrong = wanted
        .into_iter()
        .find(|(column, value)| printed_as(column) != *value);
    wrong.map(|(column, value)| format!("csv: {arm} {name} {column} is not {value:?}"))
}

#[test]
fn every_report_of_a_folder_says_the_same_figures() {
    for name in ["mentor_cache", "demo", "cache_connection"] {
        let summary = published(name);
        for summary in [as_run(summary.clone()), summary] {
            let reports = derived(&summary);
            assert_eq!(
                disagreements(&reports),
                [""; 0],
                "{name}, {}",
                summary["kind"]
            );
            let figures = properties(&reports["junit"]).len();
            assert!(figures > 60, "{name}: only {figures} figures were compared");
        }
    }
}

#[test]
fn a_renderer_that_rounds_otherwise_is_noticed() {
    let reports = derived(&published("mentor_cache"));
    let figures = properties(&reports["junit"]);
    // A figure with decimals that stands in every table.
    let of = |wanted: &str| {
        let found = figures.iter().find(|(name, _)| name == wanted);
        found.unwrap_or_else(|| panic!("no {wanted}")).1.clone()
    };
    for figure in [
        of("operations.after.mentors.list.response_p97_5_ms"),
        of("areas.Mentor discovery.list P97.5.after"),
        "100.000 %".to_owned(),
    ] {
        for format in ["md", "html", "junit", "text", "json"] {
            let mut altered = reports.clone();
            let coarse = figure.replacen(['.', '0'], "9", 1);
            let text = altered[format].replace(&figure, &coarse);
            if text == altered[format] {
                assert_eq!(format, "json", "{figure} is not in {format}");
                continue;
            }
            altered.insert(format, text);
            assert_ne!(
                disagreements(&altered),
                [""; 0],
                "{figure} as {coarse} in {format}"
            );
        }
    }
    let mut altered = reports.clone();
    let stored = published("mentor_cache")["arms"][0]["total"]["response"]["p95"].to_string();
    altered.insert("csv", reports["csv"].replace(&stored, "3.2"));
    assert_ne!(disagreements(&altered), [""; 0], "{stored} in csv");
}

#[test]
fn several_forms_are_written_and_one_is_printed() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("runs/2026-08-30T14-05-11Z_run_x_41e7cc0");
    fs::create_dir_all(&run).unwrap();
    let summary = published("mentor_cache");
    fs::write(run.join("summary.json"), summary.to_string()).unwrap();
    let results = root.path().to_str().unwrap();
    let printed_as = |arguments: &str| {
        let fixed = ["report", "--results", results];
        let ran = loadgen(fixed.into_iter().chain(arguments.split_whitespace()))
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(0), "{arguments}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    let out = root.path().join("out");
    let lines = printed_as(&format!(
        "41e7cc0 --format html,md --format junit --out {}",
        out.display()
    ));
    assert_eq!(lines.lines().count(), 3, "{lines}");
    for name in ["report.html", "report.md", "junit.xml"] {
        assert!(lines.contains(name) && out.join(name).is_file(), "{name}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 3);
    // Into the run's own folder, whose summary stays as it was.
    let before = fs::read(run.join("summary.json")).unwrap();
    printed_as("2026-08-30T14-05-11Z_run_x_41e7cc0 --format csv,json");
    assert_eq!(fs::read(run.join("summary.json")).unwrap(), before);
    assert!(run.join("operations.csv").is_file() && !run.join("report.md").exists());
    printed_as("41e7cc0 --rewrite");
    let printed = printed_as("41e7cc0 --format md");
    assert_eq!(fs::read_to_string(run.join("report.md")).unwrap(), printed);
    let schema: Value = serde_json::from_str(&printed_as("--schema")).unwrap();
    assert_eq!(schema["$id"], "urn:loadgen:summary:3");
    assert!(jsonschema::is_valid(&schema, &summary));
}
