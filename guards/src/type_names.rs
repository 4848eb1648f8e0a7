//! One type name, one meaning: no two types of the workspace that other modules can see have the
//! same name.

use std::collections::BTreeMap;

use crate::{Violation, facts::RustFile, vocabulary::is_test_file};

/// Names that several types have. `at` is the name, the size how many have it.
pub fn repeated(files: &[RustFile], ecosystem: &[String]) -> Vec<Violation> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !is_test_file(&file.path)) {
        for (name, line) in &file.types {
            places
                .entry(name)
                .or_default()
                .push(format!("{}:{line}", file.path));
        }
    }
    places
        .into_iter()
        .filter(|(name, places)| places.len() > 1 && !ecosystem.iter().any(|e| e == name))
        .map(|(name, places)| Violation {
            at: name.to_owned(),
            size: places.len(),
            message: format!(
                "`{name}` is the name of {} types: {}",
                places.len(),
                places.join(", ")
            ),
        })
        .collect()
}
