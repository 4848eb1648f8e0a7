//! Lists the features: each `pub mod NAME;` of `src/features/mod.rs`, in the order written there, so
//! that one line adds a feature.

use std::{env, fs, path::Path};

const DECLARATIONS: &str = "src/features/mod.rs";

fn main() {
    println!("cargo::rerun-if-changed={DECLARATIONS}");
    let declarations = fs::read_to_string(DECLARATIONS).expect("the features are declared");
    let features: Vec<_> = declarations
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(|name| format!("super::{name}::feature(),"))
        .collect();
    let out = env::var_os("OUT_DIR").expect("set by cargo");
    fs::write(
        Path::new(&out).join("features.rs"),
        format!("vec![{}]", features.concat()),
    )
    .expect("the build folder can be written");
}
