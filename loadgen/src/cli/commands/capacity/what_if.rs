//! The switches that `--what-if` sets otherwise, each in a search beside the first.

use crate::cli::{failure::Failure, flags::CapacityArgs, plan::resolve_settings};
use loadgen_experiment::{capacity::WhatIf, system::Settings};

/// The changes of --what-if, each on top of the profile.
pub(super) fn what_if(args: &CapacityArgs, settings: &Settings) -> Result<Vec<WhatIf>, Failure> {
    let alone = [
        ("--resume", args.resume.is_some()),
        ("--levels", args.levels),
        ("--soak", args.soak.is_some()),
        ("--breakdown", args.breakdown),
    ];
    let given = !args.what_if.is_empty();
    if let Some((flag, _)) = alone.into_iter().find(|(_, other)| given && *other) {
        return Err(Failure::Usage(format!(
            "--what-if searches several times and {flag} belongs to one search: omit one of them"
        )));
    }
    let mut changes: Vec<WhatIf> = Vec::new();
    for text in &args.what_if {
        let mut set = args.profile.set.clone();
        set.extend(text.split(',').map(|one| one.trim().to_owned()));
        let changed = resolve_settings(&args.profile.profile, &set)
            .map_err(|error| Failure::Usage(format!("--what-if {text}: {error}")))?;
        if changed == *settings {
            return Err(Failure::Usage(format!(
                "--what-if {text}: that is what is set already; name a switch with another value"
            )));
        }
        if let Some(twin) = changes.iter().find(|one| one.settings == changed) {
            return Err(Failure::Usage(format!(
                "--what-if {text}: that is the same as --what-if {}; omit one of them",
                twin.text
            )));
        }
        changes.push(WhatIf {
            text: text.clone(),
            settings: changed,
        });
    }
    Ok(changes)
}
