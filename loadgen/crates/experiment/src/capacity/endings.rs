//! How a search ended, and what its fresh trials said, in sentences.

use super::saturation::same;
use crate::schema::{Capacity, LoadVote, Percentile, SearchEnding, TrialPurpose};

/// How the search ended, in a sentence.
pub(super) fn ending(capacity: &Capacity) -> Option<String> {
    let show = |load: Option<f64>| {
        load.map_or_else(|| "no load".to_owned(), |load| capacity.unit.show(load))
    };
    let why = |vote: LoadVote, load: Option<f64>| {
        let of = |purpose: TrialPurpose| !purpose.is_past_search();
        let mut trials = capacity
            .trials
            .iter()
            .rev()
            .filter(|one| one.vote == vote && of(one.purpose));
        let found = trials.find(|one| load.is_none_or(|load| same(one.load, load)));
        found.map_or_else(String::new, |one| one.why.join("; "))
    };
    Some(match capacity.ending {
        SearchEnding::BelowLowest => format!(
            "the SLO does not even hold at the lowest load, {}{}: {}",
            show(capacity.upper),
            if capacity.upper_confirmed {
                ""
            } else {
                ", in the search, and fresh trials do not confirm that"
            },
            why(LoadVote::Missed, capacity.upper)
        ),
        SearchEnding::Undecided => too_few(capacity).unwrap_or_else(|| {
            "a bound is not known, of too few requests: give longer trials (--duration)".to_owned()
        }),
        SearchEnding::AboveHighest => format!(
            "the SLO holds at {}, the highest load that may be tried: the capacity is at least that; raise --max-load to find it",
            show(capacity.lower)
        ),
        SearchEnding::GeneratorLimit => format!(
            "the load generator failed at {} ({}), while {} met the SLO: this is its own limit and no capacity of the target; give it a processor of its own, or more --workers",
            show(capacity.upper),
            why(LoadVote::Invalid, None),
            show(capacity.lower)
        ),
        SearchEnding::OutOfTime => format!(
            "the time was over before the bounds were {:.0} % apart: give a longer --budget, or --resume the folder with one{}",
            capacity.asked_width * 100.0,
            too_few(capacity).map_or_else(String::new, |words| format!("; {words}"))
        ),
        SearchEnding::Found => {
            let width = capacity.width.unwrap_or(0.0) * 100.0;
            let asked = capacity.asked_width * 100.0;
            if width <= asked + 0.1 {
                format!("the bounds are {width:.1} % apart, {asked:.0} % were asked for")
            } else if let Some(words) = too_few(capacity) {
                format!("the bounds are {width:.1} % apart and not {asked:.0} %: {words}")
            } else {
                format!(
                    "the bounds are {width:.1} % apart and not {asked:.0} %: trials between them do not agree, and fresh ones moved a bound"
                )
            }
        }
        SearchEnding::Stopped | SearchEnding::NotSearched => return None,
    })
}

/// Which load within the bounds had too few requests to tell, the highest of several, and which length or
/// load would have enough; absent where each one told.
fn too_few(capacity: &Capacity) -> Option<String> {
    let lower = capacity.lower.unwrap_or(0.0);
    let upper = capacity.upper.unwrap_or(f64::INFINITY);
    let undecided = capacity.trials.iter().filter(|one| {
        one.vote == LoadVote::Undecided
            && !one.purpose.is_past_search()
            && (lower..=upper).contains(&one.load)
    });
    let one = undecided.max_by(|a, b| a.load.total_cmp(&b.load))?;
    let enough = match one.response_ms {
        Percentile::TooFew { n } if n > 0 => {
            let needed = Percentile::fewest_samples(capacity.percentile);
            let times = needed as f64 / n as f64;
            format!(
                "a trial {times:.1} times as long (--duration), or one of {}, has the {needed} requests that always tell",
                capacity.unit.show((one.load * times).ceil())
            )
        }
        _ => "longer trials (--duration) and higher loads have more".to_owned(),
    };
    Some(format!(
        "whether the SLO holds at {} is not decided: {}; {enough}",
        capacity.unit.show(one.load),
        one.why.join("; ")
    ))
}

/// What the fresh trials at each bound said.
pub(super) fn confirmations(capacity: &Capacity) -> Vec<String> {
    let one =
        |load: Option<f64>, purpose: TrialPurpose, vote: LoadVote, words: &str, confirmed: bool| {
            let load = load?;
            let fresh = || {
                let here = capacity.trials.iter().filter(|one| same(one.load, load));
                here.filter(|one| one.purpose == purpose && one.vote != LoadVote::Invalid)
            };
            let agreed = fresh().filter(|one| one.vote == vote).count();
            let not = if confirmed {
                ""
            } else {
                ", which does not confirm it"
            };
            Some(format!(
                "{} {words} in {agreed} of {} fresh trial(s){not}",
                capacity.unit.show(load),
                fresh().count()
            ))
        };
    let below = one(
        capacity.lower,
        TrialPurpose::ConfirmLower,
        LoadVote::Met,
        "met the SLO",
        capacity.lower_confirmed,
    );
    let above = one(
        capacity.upper,
        TrialPurpose::ConfirmUpper,
        LoadVote::Missed,
        "missed the SLO",
        capacity.upper_confirmed,
    );
    let above = above.filter(|_| capacity.ending != SearchEnding::GeneratorLimit);
    below.into_iter().chain(above).collect()
}
