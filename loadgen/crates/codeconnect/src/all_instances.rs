//! One profile in all processes of a target, or in none.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use shared::{api::lab::ProfileView, profile::Profile};

use super::lab_client::{LabClient, LabError};
use loadgen_experiment::system::{Settings, SystemError};

/// Longest time in which a target that was loaded has to show that its profile is still in force.
pub(super) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(15);
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

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

/// Why not every process has the profile of this fingerprint in force, asked for at most so long.
///
/// A target that was overloaded until now may not be able to tell at once: its replica is on its way
/// back, or its pooler answers too late to say which way a connection goes. Another profile stays.
pub(super) async fn changed(
    labs: &[LabClient],
    fingerprint: &str,
    timeout: Duration,
) -> Option<String> {
    let begin = Instant::now();
    loop {
        let why = others(labs, fingerprint).await?;
        if begin.elapsed() + PAUSE > timeout {
            return Some(why);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The processes that have another profile in force now, or do not say which, and why.
async fn others(labs: &[LabClient], fingerprint: &str) -> Option<String> {
    let mut why = Vec::new();
    for lab in labs {
        match lab.profile().await {
            Ok(view) if view.fingerprint == fingerprint => {}
            Ok(view) if !view.differences.is_empty() => {
                why.push(format!("{}: {}", lab.base(), differences(&view).join(", ")));
            }
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

/// What a process itself says it has otherwise than it was asked to, with what is in force.
fn differences(view: &ProfileView) -> Vec<String> {
    let said = |path: &String| match view.in_force.get(path) {
        Some(value) => format!("{path} is {value}"),
        None => path.clone(),
    };
    view.differences.iter().map(said).collect()
}

/// Differences between the requested settings and those in force, in words.
fn mismatches(view: &ProfileView, asked: &Settings) -> Vec<String> {
    if !view.differences.is_empty() {
        return differences(view);
    }
    view.in_force
        .iter()
        .filter_map(|(path, value)| {
            let asked = asked.get(path)?;
            (asked != value).then(|| format!("{path} is {value}, not {asked}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    use super::*;

    /// A process of the target that says that its reads go there, one after another, and to the last one
    /// from then on; it was asked to send them to the replica.
    fn reading_from(places: &'static [&'static str]) -> LabClient {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for number in 0.. {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let _request = stream.read(&mut [0; 4_096]);
                let place = places[number.min(places.len() - 1)];
                let differs = place != "replica";
                let reads = "db.reads".to_owned();
                let view = ProfileView {
                    profile: Profile::after(),
                    in_force: BTreeMap::from([(reads.clone(), place.to_owned())]),
                    differences: differs.then_some(reads).into_iter().collect(),
                    fingerprint: format!("of {place}"),
                    dataset: None,
                    scale: None,
                    build: "0.1.0 (debug)".to_owned(),
                    generation: 1,
                    postgres: BTreeMap::new(),
                    redis_version: None,
                };
                let body = serde_json::to_string(&view).unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _sent = stream.write_all((head + &body).as_bytes());
            }
        });
        LabClient::new(&address.into(), None).unwrap()
    }

    #[tokio::test]
    async fn a_profile_that_is_in_force_again_a_moment_after_the_load_was_not_changed() {
        let labs = [
            reading_from(&["replica"]),
            reading_from(&["primary", "replica"]),
        ];
        assert_eq!(changed(&labs, "of replica", CONFIRM_TIMEOUT).await, None);
        // One that stays another one is named with what differs.
        let labs = [reading_from(&["replica"]), reading_from(&["primary"])];
        let why = changed(&labs, "of replica", Duration::from_millis(1_100)).await;
        let said = format!("{}: db.reads is primary", labs[1].base());
        assert_eq!(why, Some(said));
    }
}
