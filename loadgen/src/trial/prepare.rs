//! Puts the target in order before a trial: seeded data, the arm's profile, empty caches; and
//! makes sure that what is in force is what was asked for.

use std::collections::BTreeMap;

use shared::{api::lab::ProfileView, profile::Profile};

use super::run::TrialError;
use crate::observer::Control;

/// A target in order.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What is in force; absent where the target has no lab.
    pub view: Option<ProfileView>,
    /// Whether the database is as it was seeded.
    pub fresh: bool,
}

/// Resets the target with `profile`. Without a lab token nothing can be reset or checked, and
/// the trial runs on what is there.
pub async fn prepare(control: &Control, profile: &Profile) -> Result<Prepared, TrialError> {
    if !control.has_token() {
        return Ok(Prepared {
            view: None,
            fresh: false,
        });
    }
    let report = control.reset(profile).await?;
    let view = report.profile;
    if !view.differences.is_empty() {
        return Err(TrialError::NotInForce(view.differences.join("; ")));
    }
    let asked = profile.values();
    let wrong: Vec<String> = view
        .in_force
        .iter()
        .filter_map(|(path, value)| {
            let asked = asked.get(path)?;
            (asked != value).then(|| format!("{path} is {value}, not {asked}"))
        })
        .collect();
    if !wrong.is_empty() {
        return Err(TrialError::NotInForce(wrong.join("; ")));
    }
    Ok(Prepared {
        view: Some(view),
        fresh: true,
    })
}

/// What a reader must know of the services: `(name, value)`, and warnings about them.
pub fn environment(view: &ProfileView) -> (Vec<(String, String)>, Vec<String>) {
    let mut environment = vec![("target build".to_owned(), view.build.clone())];
    if let Some(scale) = &view.scale {
        environment.push(("data".to_owned(), scale.clone()));
    }
    if let Some(dataset) = &view.dataset {
        environment.push(("data digest".to_owned(), dataset.clone()));
    }
    for (name, value) in &view.postgres {
        environment.push((format!("PostgreSQL {name}"), value.clone()));
    }
    let mut warnings = Vec::new();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        if view
            .postgres
            .get(setting)
            .is_some_and(|value| value == "off")
        {
            warnings.push(format!(
                "PostgreSQL runs with {setting}=off: writes are faster than they would be in service"
            ));
        }
    }
    if view.build.contains("debug") {
        warnings.push(
            "the target is a debug build: its own CPU time is several times what a release build needs; compare the arms with each other, not with other runs".to_owned(),
        );
    }
    (environment, warnings)
}

/// Every switch by its name, as in force where that is known.
pub fn switches_by_name(view: Option<&ProfileView>, profile: &Profile) -> BTreeMap<String, String> {
    view.map_or_else(|| profile.values(), |view| view.in_force.clone())
}
