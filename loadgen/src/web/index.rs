//! The list of runs as one small page.

use std::path::Path;

use minijinja::{Environment, value::Serde};
use serde::{Deserialize, Serialize};

/// Most runs on the page, newest first.
const MAX_RUNS: usize = 200;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runs</title>
<style>
  :root { color-scheme: light dark; --ink: #1d2329; --dim: #616b75; --line: #dfe3e7; --page: #fbfbfa; --link: #0b6e6e; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --dim: #9aa4ae; --line: #30373e; --page: #14181c; --link: #57c4bd; } }
  body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 1.5rem; }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th { text-align: left; font-weight: 500; color: var(--dim); font-size: .85rem; }
  th, td { padding: .55rem .75rem .55rem 0; border-bottom: 1px solid var(--line); }
  a { color: var(--link); } p, .dim { color: var(--dim); }
</style>
<h1>Runs</h1>
{% if runs %}
<table>
  <thead><tr><th>Started (UTC)</th><th>What</th><th>Verdict</th><th>Files</th></tr></thead>
  <tbody>
  {% for run in runs %}
    <tr>
      <td>{{ run.started_at }}</td>
      <td><a href="/runs/{{ run.folder }}/report.html">{{ run.name }}</a> <span class="dim">{{ run.kind }}</span></td>
      <td>{{ run.verdict }}</td>
      <td><a href="/runs/{{ run.folder }}/summary.json">json</a> <a href="/runs/{{ run.folder }}/report.md">md</a></td>
    </tr>
  {% endfor %}
  </tbody>
</table>
{% else %}
<p>No run yet. The page shows each run as soon as it has ended.</p>
{% endif %}
</html>
"#;

/// What of `summary.json` the list shows.
#[derive(Deserialize)]
struct Head {
    name: String,
    kind: String,
    started_at: String,
    verdict: Word,
}

#[derive(Deserialize)]
struct Word {
    word: String,
}

#[derive(Serialize)]
struct Page {
    runs: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    folder: String,
    name: String,
    kind: String,
    started_at: String,
    verdict: String,
}

/// The page for what is in `root/runs` now.
pub(super) fn page(root: &Path) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_template("runs.html", PAGE)?;
    environment
        .get_template("runs.html")?
        .render(Serde(&Page { runs: rows(root) }))
}

fn rows(root: &Path) -> Vec<Row> {
    let Ok(entries) = std::fs::read_dir(root.join("runs")) else {
        return Vec::new();
    };
    let mut folders: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    // Names begin with the time, so their order is the order of the runs.
    folders.sort_unstable_by(|a, b| b.cmp(a));
    folders.truncate(MAX_RUNS);
    folders
        .into_iter()
        .filter_map(|folder| row(root, folder))
        .collect()
}

fn row(root: &Path, folder: String) -> Option<Row> {
    let text = std::fs::read(root.join("runs").join(&folder).join("summary.json")).ok()?;
    let head: Head = serde_json::from_slice(&text).ok()?;
    let started_at = head
        .started_at
        .chars()
        .take(19)
        .collect::<String>()
        .replace('T', " ");
    Some(Row {
        folder,
        name: head.name,
        kind: head.kind,
        started_at,
        verdict: head.verdict.word,
    })
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn runs_are_listed_newest_first_and_names_cannot_inject_markup() {
        let root = tempfile::tempdir().unwrap();
        for (folder, name) in [
            ("2026-01-01T00-00-00Z_a", "first"),
            ("2026-01-02T00-00-00Z_b", "<script>alert(1)</script>"),
        ] {
            let folder = root.path().join("runs").join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            let head = serde_json::json!({
                "name": name, "kind": "run", "started_at": "2026-01-01T00:00:00Z", "verdict": { "word": "PASSED" },
            });
            std::fs::write(folder.join("summary.json"), head.to_string()).unwrap();
        }
        let html = page(root.path()).unwrap();
        assert!(!html.contains("<script>"));
        assert!(html.find("2026-01-02").unwrap() < html.find("2026-01-01T00-00-00Z_a").unwrap());
    }

    #[test]
    fn an_empty_folder_says_so() {
        let root = tempfile::tempdir().unwrap();
        assert!(page(root.path()).unwrap().contains("No run yet"));
    }
}
