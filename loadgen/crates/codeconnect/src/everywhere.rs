//! One profile in all processes of a target, or in none.

use futures_util::future::try_join_all;
use shared::{api::lab::ProfileView, profile::Profile};

use super::lab_client::{LabClient, LabError};
use loadgen_experiment::system::{Settings, SystemError};

/// Resets data and caches by the first process and puts the profile in force in all of them; returns
/// what is in force. Where that fails for one, those that were changed get their former profile back.
pub(super) async fn reset(labs: &[LabClient], asked: &Profile) -> Result<ProfileView, SystemError> {
    let former = match labs {
        [_] => Vec::new(),
        // One that does not answer is found before anything is changed.
        several => try_join_all(several.iter().map(LabClient::profile)).await?,
    };
    let error = match put_in_force(labs, asked).await {
        Ok(view) => return Ok(view),
        Err(error) => error,
    };
    let mut left = Vec::new();
    for (lab, view) in labs.iter().zip(&former) {
        let settings = Settings(view.profile.values());
        if let Err(error) = lab.switch(&settings).await {
            left.push(format!("{}: {error}", lab.base()));
        }
    }
    Err(if left.is_empty() {
        error
    } else {
        SystemError::Failed(format!(
            "{error}; the former profile could not be put back: {}",
            left.join("; ")
        ))
    })
}

async fn put_in_force(labs: &[LabClient], asked: &Profile) -> Result<ProfileView, SystemError> {
    let (first, others) = labs
        .split_first()
        .ok_or_else(|| SystemError::Failed("the target has no process".to_owned()))?;
    let settings = Settings(asked.values());
    let view = first.reset(asked).await?.profile;
    let mut wrong = mismatches(&view, &settings);
    for lab in others {
        let other = lab.switch(&settings).await?;
        let named = |what| format!("{}: {what}", lab.base());
        wrong.extend(mismatches(&other, &settings).into_iter().map(named));
        if other.fingerprint != view.fingerprint {
            wrong.push(format!(
                "{}: fingerprint {}, not {}",
                lab.base(),
                other.fingerprint,
                view.fingerprint
            ));
        }
    }
    if wrong.is_empty() {
        Ok(view)
    } else {
        Err(SystemError::NotInForce(wrong.join("; ")))
    }
}

/// Why not every process has the profile of this fingerprint in force.
pub(super) async fn changed(labs: &[LabClient], fingerprint: &str) -> Option<String> {
    let mut why = Vec::new();
    for lab in labs {
        match lab.profile().await {
            Ok(view) if view.fingerprint == fingerprint => {}
            Ok(view) => why.push(format!(
                "{}: fingerprint {}, not {fingerprint}",
                lab.base(),
                view.fingerprint
            )),
            Err(error @ LabError::Unreachable { .. }) => why.push(error.to_string()),
            Err(error) => why.push(format!("{}: {error}", lab.base())),
        }
    }
    (!why.is_empty()).then(|| why.join("; "))
}

/// Differences between the requested settings and those in force, in words.
fn mismatches(view: &ProfileView, asked: &Settings) -> Vec<String> {
    if !view.differences.is_empty() {
        return view.differences.clone();
    }
    view.in_force
        .iter()
        .filter_map(|(path, value)| {
            let asked = asked.get(path)?;
            (asked != value).then(|| format!("{path} is {value}, not {asked}"))
        })
        .collect()
}
