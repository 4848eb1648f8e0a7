//! The JSON Schema of `loadgen plan --format json`, made from the types of a plan. `loadgen/schema/plan.schema.json`
//! is its copy in the tree, and what `loadgen plan --schema` prints.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use loadgen_experiment::sizing::SizingPlan;

/// The schema, draft 2020-12. Unknown properties are allowed: a later program may add some.
pub fn plan_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<SizingPlan>();
    for (key, value) in [
        ("$id", json!("urn:loadgen:plan")),
        ("title", json!("A plan of loadgen")),
        (
            "description",
            json!(
                "Every number is a figure with its interval and its origin: measured, assumed, derived or simulated. Everything else names figures by their ids."
            ),
        ),
    ] {
        schema.insert(key.to_owned(), value);
    }
    schema.to_value()
}

/// The same as the text of the file.
pub fn plan_schema_text() -> String {
    format!("{:#}\n", plan_schema())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_schema_in_the_tree_is_that_of_the_types_of_a_plan() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/plan.schema.json");
        let made = plan_schema_text();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::write(&file, &made).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == made,
            "{} is not what the types say; UPDATE_SCHEMA=1 cargo test -p loadgen-report plan_schema writes it",
            file.display()
        );
    }
}
