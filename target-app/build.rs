//! Lists the features: each `pub mod NAME;` of `src/features/mod.rs`, in the order written there, so
//! that one line adds a feature. For the tests it lists what `tests/it/NAME/operations.rs` has of each.

use std::{env, fs, path::Path};

const DECLARATIONS: &str = "src/features/mod.rs";

fn main() {
    println!("cargo::rerun-if-changed={DECLARATIONS}");
    // The program holds the migrations, and a new file is no change of a source.
    println!("cargo::rerun-if-changed=migrations");
    let declarations = fs::read_to_string(DECLARATIONS).expect("the features are declared");
    let mut names: Vec<&str> = declarations
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let features = names
        .iter()
        .map(|name| format!("super::{name}::feature(),"));
    write(
        "features.rs",
        &format!("vec![{}]", features.collect::<Vec<_>>().concat()),
    );
    names.sort_unstable();
    let operations = names
        .iter()
        .map(|name| format!("(\"{name}\", crate::{name}::operations::OPERATIONS),"));
    write(
        "feature_operations.rs",
        &format!("&[{}]", operations.collect::<Vec<_>>().concat()),
    );
}

/// Writes a file into the build folder.
fn write(name: &str, text: &str) {
    let out = env::var_os("OUT_DIR").expect("set by cargo");
    fs::write(Path::new(&out).join(name), text).expect("the build folder can be written");
}
