//! Looks a suite or experiment up: a path names a file, anything else a bundled one. A path that leads to no file
//! names a bundled one only where it is that file's own in the repository: a folder that is mistyped must not end in
//! a run of another suite.

use std::{ffi::OsStr, path::Path};

use super::bundled::{BundledFile, EXPERIMENTS, SUITES};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::suite::{
    Suite,
    load::{self, BadFile},
};
use loadgen_experiment::{
    paired::{Experiment, file},
    system::Application as _,
};
use shared::text::nearest;

/// The text of a suite or experiment, and where it was found.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path as given, or file name of a bundled one.
    pub name: String,
    /// The text, byte for byte.
    pub text: String,
}

impl SourceFile {
    /// The name of the file without its folders.
    pub fn file_name(&self) -> String {
        Path::new(&self.name).file_name().map_or_else(
            || self.name.clone(),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}

/// Names of the bundled suites in alphabetical order.
pub fn suite_names() -> impl Iterator<Item = &'static str> + Clone {
    SUITES.iter().map(|file| file.name)
}

/// Names of the bundled experiments in alphabetical order.
pub fn experiment_names() -> impl Iterator<Item = &'static str> + Clone {
    EXPERIMENTS.iter().map(|file| file.name)
}

/// The suite of that path or name.
pub fn find_suite(word: &str) -> Result<(Suite, SourceFile), BadFile> {
    read_suite(word).map_err(|error| {
        let why = "is an experiment and no suite: measure it with `loadgen experiment";
        other_kind(error, word, why, read_experiment(word).is_ok())
    })
}

/// The experiment of that path or name.
pub fn find_experiment(word: &str) -> Result<(Experiment, SourceFile), BadFile> {
    read_experiment(word).map_err(|error| {
        let why = "is a suite and no experiment: run it with `loadgen run";
        other_kind(error, word, why, read_suite(word).is_ok())
    })
}

/// The error, or that the word names a file of the other kind.
fn other_kind(error: BadFile, word: &str, why: &str, is_other: bool) -> BadFile {
    if is_other {
        BadFile(format!("`{word}` {why} {word}`"))
    } else {
        error
    }
}

fn read_suite(word: &str) -> Result<(Suite, SourceFile), BadFile> {
    let source = find("suite", word, SUITES)?;
    let suite = load::parse(&source.text, &source.name, CodeConnect.catalog())?;
    Ok((suite, source))
}

fn read_experiment(word: &str) -> Result<(Experiment, SourceFile), BadFile> {
    let source = find("experiment", word, EXPERIMENTS)?;
    let experiment = file::parse(&source.text, &source.name, &CodeConnect)?;
    Ok((experiment, source))
}

/// The suite or experiment of that path or name, not parsed.
pub fn find_file(word: &str) -> Result<SourceFile, BadFile> {
    let all: Vec<BundledFile> = SUITES.iter().chain(EXPERIMENTS).copied().collect();
    find("suite or experiment", word, &all)
}

fn find(kind: &str, word: &str, bundled: &[BundledFile]) -> Result<SourceFile, BadFile> {
    let path = Path::new(word);
    if path.is_file() {
        return Ok(SourceFile {
            name: word.to_owned(),
            text: load::read_text(path)?,
        });
    }
    let stem = path
        .file_name()
        .map_or(word, |name| name.to_str().unwrap_or(word));
    let stem = stem.strip_suffix(".yaml").unwrap_or(stem).replace('-', "_");
    let named = bundled
        .iter()
        .find(|file| file.name.replace('-', "_") == stem);
    if let Some(file) = named.filter(|_| is_of_the_repository(path)) {
        return Ok(SourceFile {
            name: format!("{}.yaml", file.name),
            text: file.text.to_owned(),
        });
    }
    let known = || bundled.iter().map(|file| file.name);
    let all = known().collect::<Vec<_>>().join(", ");
    if path.exists() {
        let what = if path.is_dir() {
            "a folder"
        } else {
            "no regular file"
        };
        return Err(BadFile(format!(
            "`{word}` is {what}: name a file, or a bundled {kind}; bundled are {all}"
        )));
    }
    let is_yaml = |extension: &OsStr| extension == "yaml" || extension == "yml";
    let is_path = word.contains('/') || path.extension().is_some_and(is_yaml);
    let near = nearest(&stem, known());
    Err(BadFile(match near {
        _ if named.is_some() => format!(
            "there is no file `{word}`; the bundled {kind} is named `{stem}`, without a folder"
        ),
        None if is_path => format!(
            "there is no file `{word}`, and no bundled {kind} of that name; bundled are {all}"
        ),
        Some(near) => format!(
            "`{word}` is neither a file nor a bundled {kind}; did you mean `{near}`? Bundled are {all}"
        ),
        None => format!("`{word}` is neither a file nor a bundled {kind}; bundled are {all}"),
    }))
}

/// Whether a path is a name alone, or one below a folder that bundled files have in the repository.
fn is_of_the_repository(path: &Path) -> bool {
    const FOLDERS: [&str; 5] = [
        "",
        "suites",
        "experiments",
        "loadgen/suites",
        "loadgen/experiments",
    ];
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = folder.strip_prefix(".").unwrap_or(folder);
    FOLDERS.iter().any(|known| folder == Path::new(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_experiment::paired::{check_claims, planned_thresholds};

    #[test]
    fn every_bundled_file_can_be_parsed_and_has_the_name_of_its_file() {
        for name in suite_names() {
            assert_eq!(find_suite(name).unwrap().0.name, name);
        }
        for name in experiment_names() {
            let (experiment, _) = find_experiment(name).unwrap();
            assert_eq!(experiment.suite.name, name);
            assert!(!experiment.suite.question.is_empty() && !experiment.hypothesis.is_empty());
            assert!(experiment.expected.is_some(), "{name} expects nothing");
            assert!(
                experiment.blocks >= experiment.fewest_blocks(),
                "{name} has too few blocks for its claims"
            );
            let catalog = CodeConnect.catalog();
            assert_eq!(check_claims(&experiment, catalog), Ok(()), "{name}");
        }
    }

    #[test]
    fn every_suite_has_the_data_for_its_thresholds() {
        for name in suite_names() {
            let (suite, _) = find_suite(name).unwrap();
            for one in planned_thresholds(&suite, CodeConnect.catalog()) {
                assert!(one.requests >= one.needed as f64, "{name}: {one:?}");
            }
        }
    }

    #[test]
    fn smoke_has_every_flow() {
        let (suite, _) = find_suite("smoke").unwrap();
        for flow in CodeConnect.catalog().flow_names() {
            assert!(suite.flows.iter().any(|share| share.flow == flow), "{flow}");
        }
    }

    #[test]
    fn a_bundled_file_is_found_by_name_path_or_with_a_dash() {
        for word in [
            "before_after",
            "before-after",
            "experiments/before_after.yaml",
            "./loadgen/experiments/before_after.yaml",
            "before_after.yaml",
        ] {
            assert!(find_experiment(word).is_ok(), "{word}");
        }
        // A suite of one's own whose folder is mistyped is not the bundled one of that name.
        for word in ["ci/smoke.yaml", "/no/such/suites/smoke.yaml", "../smoke"] {
            let error = find_suite(word).err().unwrap().to_string();
            assert!(
                error.contains(&format!("there is no file `{word}`"))
                    && error.contains("is named `smoke`"),
                "{error}"
            );
        }
        let error = find_suite("smoek").err().unwrap().to_string();
        assert!(error.contains("did you mean `smoke`"), "{error}");
        let error = find_suite("nofile.yaml").err().unwrap().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn a_folder_or_a_device_is_said_to_be_none_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        for (word, what) in [(folder, "a folder"), ("/dev/null", "no regular file")] {
            let said = format!("`{word}` is {what}: name a file");
            for error in [
                find_suite(word).err().unwrap(),
                find_experiment(word).err().unwrap(),
                find_file(word).err().unwrap(),
            ] {
                assert!(error.to_string().contains(&said), "{error}");
            }
        }
    }

    #[test]
    fn a_file_of_the_other_kind_is_refused_with_its_command() {
        let folder = tempfile::tempdir().unwrap();
        let copy = |bundled: &[BundledFile], name: &str| {
            let path = folder.path().join(format!("my_{name}.yaml"));
            let file = bundled.iter().find(|file| file.name == name).unwrap();
            std::fs::write(&path, file.text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        for word in ["pool_size".to_owned(), copy(EXPERIMENTS, "pool_size")] {
            let error = find_suite(&word).err().unwrap().to_string();
            let said = format!("measure it with `loadgen experiment {word}`");
            assert!(error.contains(&said), "{error}");
        }
        for word in ["smoke".to_owned(), copy(SUITES, "smoke")] {
            let error = find_experiment(&word).err().unwrap().to_string();
            let said = format!("run it with `loadgen run {word}`");
            assert!(error.contains(&said), "{error}");
        }
    }
}
