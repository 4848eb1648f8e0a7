//! Embeds every file of `suites/` and `experiments/`, so that a new one needs no code.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut code = String::new();
    for (constant, folder) in [("SUITES", "suites"), ("EXPERIMENTS", "experiments")] {
        // Cargo looks at the times of all files below a folder, so that a new one is seen.
        println!("cargo::rerun-if-changed={folder}");
        let _infallible = writeln!(code, "pub(super) const {constant}: &[BundledFile] = &[");
        for path in yaml_files(&root.join(folder)) {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let path = path.to_str().expect("a path in UTF-8");
            let _infallible = writeln!(
                code,
                "    BundledFile {{ name: {name:?}, text: include_str!({path:?}) }},"
            );
        }
        code.push_str("];\n");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("bundled.rs"), code).expect("the build folder can be written");
}

/// The YAML files of a folder in the order of their names.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    files
}
