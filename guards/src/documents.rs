//! Paths, suites and experiments that a document or the header of an SQL file names exist.

use std::collections::BTreeSet;

use crate::{
    Violation,
    manifests::clean,
    tree::{self, SourceText, Tree},
};

/// Names in documents that lead nowhere. `at` is the document.
pub fn broken_references(tree: &Tree, generated: &[String]) -> Vec<Violation> {
    let known = Known::of(tree, generated);
    let mut violations = Vec::new();
    for source in tree.ending("md").chain(tree.ending("sql")) {
        // Reports are generated, and changelogs tell of what was.
        if tree::is_in(&source.path, "results/published") || source.name() == "CHANGELOG.md" {
            continue;
        }
        for (index, line) in text_lines(source) {
            for problem in known.problems(source, line) {
                violations.push(Violation::new(
                    &source.path,
                    format!("{}:{}: {problem}", source.path, index + 1),
                ));
            }
        }
    }
    violations
}

/// Lines to look at: all of a document, the comments of an SQL file.
fn text_lines(source: &SourceText) -> impl Iterator<Item = (usize, &str)> {
    let sql = is_sql(source);
    source
        .text
        .lines()
        .enumerate()
        .filter(move |(_, line)| !sql || line.trim_start().starts_with("--"))
}

fn is_sql(source: &SourceText) -> bool {
    source.path.rsplit('.').next() == Some("sql")
}

struct Known<'a> {
    paths: &'a BTreeSet<String>,
    generated: &'a [String],
    suites: BTreeSet<&'a str>,
    experiments: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(tree: &'a Tree, generated: &'a [String]) -> Self {
        let names = |folder: &str| {
            tree.paths
                .iter()
                .filter(|path| tree::folder(path).ends_with(folder))
                .filter_map(|path| tree::file_name(path).strip_suffix(".yaml"))
                .collect()
        };
        Self {
            paths: &tree.paths,
            generated,
            suites: names("/suites"),
            experiments: names("/experiments"),
        }
    }

    fn problems(&self, source: &SourceText, line: &str) -> Vec<String> {
        let mut problems = Vec::new();
        for target in links(line) {
            let path = clean(tree::folder(&source.path), target);
            if !self.paths.contains(&path) && !self.is_generated(&path) {
                problems.push(format!("the link `{target}` leads nowhere"));
            }
        }
        let words: Vec<&str> = if is_sql(source) {
            line.split_whitespace()
                .map(|word| word.trim_matches(['(', ')', ',', ';', '.', '`']))
                .collect()
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for word in words {
            if let Some(path) = path_like(word)
                && !expand(path).iter().all(|path| self.exists(source, path))
            {
                problems.push(format!("there is no `{path}`"));
            }
        }
        for (command, known) in [("experiment", &self.experiments), ("run", &self.suites)] {
            for name in arguments(line, command) {
                if !known.contains(name) && !known.contains(name.replace('-', "_").as_str()) {
                    problems.push(format!("`loadgen {command} {name}`: there is no such file"));
                }
            }
        }
        problems
    }

    fn is_generated(&self, path: &str) -> bool {
        self.generated.iter().any(|prefix| path.starts_with(prefix))
    }

    /// A path counts from the root, from the document's folder, or as the end of another path,
    /// as in `trial/run.rs`. A part in capitals stands for any name.
    fn exists(&self, source: &SourceText, path: &str) -> bool {
        if self.is_generated(path) {
            return true;
        }
        let path = path.trim_end_matches('/');
        let near = clean(tree::folder(&source.path), path);
        if self.paths.contains(&near) {
            return true;
        }
        let wanted: Vec<&str> = path.split('/').filter(|part| *part != "..").collect();
        self.paths.iter().any(|known| {
            let parts: Vec<&str> = known.split('/').collect();
            parts.len() >= wanted.len()
                && parts[parts.len() - wanted.len()..]
                    .iter()
                    .zip(&wanted)
                    .all(|(part, wanted)| part == wanted || matches_pattern(wanted, part))
        })
    }
}

/// Whether a part of a path is a pattern that `name` fits: `*.sql`, `X.rs`, `NNNN_X.sql`, `NAME`.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let stem = pattern.split('.').next().unwrap_or_default();
    let ending = pattern.split_once('.').map_or("", |(_, ending)| ending);
    let placeholder = stem == "*"
        || stem
            .split('_')
            .any(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase()));
    placeholder && name.ends_with(ending)
}

/// Targets of Markdown links that are paths.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#', ' ']).next()?;
        (!target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
            .then_some(target)
    })
}

/// `word` without a line number, if it looks like a path of a repository: it has a `/`, and ends
/// with `/` or with the ending of a kind of file that is kept here, or begins like a path does.
fn path_like(word: &str) -> Option<&str> {
    let word = word.split(':').next().unwrap_or_default();
    let endings = [
        "rs", "sql", "md", "yaml", "yml", "toml", "sh", "js", "css", "html", "json", "png",
    ];
    let tops = [
        "shared/",
        "target-app/",
        "loadgen/",
        "docs/",
        "scripts/",
        "guards/",
        "observability/",
        "results/",
        "deploy/",
        ".ci/",
    ];
    let legal = |c: char| c.is_ascii_alphanumeric() || "/._-*{},".contains(c);
    let looks = word.ends_with('/')
        || tops.iter().any(|top| word.starts_with(top))
        || endings
            .iter()
            .any(|ending| word.ends_with(&format!(".{ending}")));
    (word.contains('/') && !word.starts_with('/') && word.chars().all(legal) && looks)
        .then_some(word)
}

/// `a/{b,c}/d` as `a/b/d` and `a/c/d`.
fn expand(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let Some((choices, after)) = rest.split_once('}') else {
        return vec![path.to_owned()];
    };
    choices
        .split(',')
        .flat_map(|choice| expand(&format!("{before}{choice}{after}")))
        .collect()
}

/// Names that `loadgen COMMAND NAME` is called with in a line: no flags, no placeholders in
/// capitals, no files, no subcommands.
fn arguments<'a>(line: &'a str, command: &str) -> impl Iterator<Item = &'a str> {
    let call = format!("loadgen {command} ");
    let starts: Vec<usize> = line
        .match_indices(&call)
        .map(|(at, found)| at + found.len())
        .collect();
    starts.into_iter().filter_map(move |at| {
        let name = line[at..].split([' ', '`', ')', ',', '"', '\'']).next()?;
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        (plain && !["list", "run-all"].contains(&name)).then_some(name)
    })
}
