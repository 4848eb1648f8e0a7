//! The JSON Schema of `summary.json`, made from the stored types so that it cannot lag behind
//! them. `loadgen/schema/summary.schema.json` is its copy in the tree, and what
//! `loadgen report --schema` prints.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use loadgen_experiment::schema::{SCHEMA_VERSION, Summary};

/// The schema, draft 2020-12. Unknown properties are allowed: a later program may add some without
/// raising the version, and a reader passes over them.
pub fn summary_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Summary>();
    for (key, value) in [
        (
            "$id",
            json!(format!("urn:loadgen:summary:{SCHEMA_VERSION}")),
        ),
        ("title", json!("summary.json of loadgen")),
        (
            "description",
            json!(format!(
                "What one command of loadgen measured, version {SCHEMA_VERSION}: every number that a report prints. Times are milliseconds unless the name says otherwise, a ratio is 0 to 1, and a percentile is null where it lies beyond the timeout."
            )),
        ),
    ] {
        schema.insert(key.to_owned(), value);
    }
    let mut schema = schema.to_value();
    // A reader refuses any other version, so the schema does as well.
    if let Some(version) = schema.pointer_mut("/properties/schema_version") {
        version["minimum"] = json!(SCHEMA_VERSION);
        version["maximum"] = json!(SCHEMA_VERSION);
    }
    schema
}

/// The same as the text of the file.
pub fn summary_schema_text() -> String {
    format!("{:#}\n", summary_schema())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn home() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_schema_in_the_tree_is_that_of_the_stored_types() {
        let file = home().join("../../schema/summary.schema.json");
        let made = summary_schema_text();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::create_dir_all(home().join("../../schema")).unwrap();
            fs::write(&file, &made).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == made,
            "{} is not what the types say; UPDATE_SCHEMA=1 cargo test -p loadgen-report summary_schema writes it",
            file.display()
        );
    }

    #[test]
    fn the_published_summaries_are_as_the_schema_says() {
        let schema = jsonschema::validator_for(&summary_schema()).unwrap();
        let mut seen = 0;
        for entry in fs::read_dir(home().join("../../../results/published")).unwrap() {
            let file = entry.unwrap().path().join("summary.json");
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let summary: Value = serde_json::from_str(&text).unwrap();
            let wrong: Vec<String> = schema
                .iter_errors(&summary)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", file.display());
            seen += 1;
        }
        assert!(seen >= 3, "only {seen} published summaries were found");
    }

    #[test]
    fn a_summary_that_is_not_one_is_refused() {
        let schema = jsonschema::validator_for(&summary_schema()).unwrap();
        let file = home().join("../../../results/published/mentor_cache/summary.json");
        let right: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert!(schema.is_valid(&right));
        for (pointer, wrong) in [
            ("/schema_version", json!(SCHEMA_VERSION + 1)),
            ("/schema_version", json!(SCHEMA_VERSION - 1)),
            ("/kind", json!("picnic")),
            ("/arms/0/total/planned", json!(-1)),
            ("/arms/0/total/response/p95", json!("fast")),
            ("/verdict/reasons", json!("one")),
            ("/trials/0/validity/checks/0/ok", json!("yes")),
        ] {
            let mut summary = right.clone();
            *summary.pointer_mut(pointer).expect(pointer) = wrong;
            assert!(!schema.is_valid(&summary), "{pointer}");
        }
        let mut lacking = right;
        lacking.as_object_mut().unwrap().remove("verdict");
        assert!(!schema.is_valid(&lacking));
    }
}
