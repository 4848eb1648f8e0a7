//! Reports as people get them: made by the program from a result folder that is committed.

use std::{fs, path::Path, process::Stdio};

use serde_json::Value;

use super::loadgen;

/// A folder of `results/published`.
fn published(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/published/");
    format!("{root}{name}")
}

/// `report.html` of the result folder `run`, written into `folder`; its bytes.
pub(crate) fn render(run: &Path, folder: &Path) -> u64 {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("report.html");
    let mut command = loadgen(["report", run.to_str().unwrap(), "--format", "html"]);
    let made = command
        .stdout(Stdio::from(fs::File::create(&path).unwrap()))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    fs::metadata(&path).unwrap().len()
}

/// The address of the report of a published run, made in `folder`.
pub(crate) fn report(name: &str, folder: &Path) -> String {
    render(Path::new(&published(name)), folder);
    format!("file://{}/report.html", folder.display())
}

/// The figures of a published run.
pub(crate) fn summary(name: &str) -> Value {
    let path = format!("{}/summary.json", published(name));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Writes these figures as a result folder, and its report beside them; the bytes of the report.
pub(crate) fn store(summary: &Value, folder: &Path) -> u64 {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("summary.json"), summary.to_string()).unwrap();
    render(folder, folder)
}
