//! The search on targets without noise, and at its ends.

use super::*;

/// Runs a search to its end on a target whose trials `vote` decides; each takes ten seconds.
pub(super) fn searched(
    plan: &SearchPlan,
    mut vote: impl FnMut(f64) -> LoadVote,
) -> (SearchEnding, SearchBounds, Vec<TriedLoad>) {
    let mut tried = Vec::new();
    for _ in 0..500 {
        match next_step(plan, &tried) {
            SearchStep::Try { load, purpose, .. } => tried.push(TriedLoad {
                load,
                purpose,
                vote: vote(load),
                took_s: 10.0,
            }),
            SearchStep::Done { ending, bounds } => return (ending, bounds, tried),
        }
    }
    panic!("the search does not end: {:?}", &tried[480..]);
}

fn up_to(capacity: f64) -> impl FnMut(f64) -> LoadVote {
    move |load| {
        if load <= capacity {
            LoadVote::Met
        } else {
            LoadVote::Missed
        }
    }
}

fn plan() -> SearchPlan {
    SearchPlan::careful(10.0, 0.5, 10_000.0, false)
}

#[test]
fn a_sharp_limit_is_found_within_the_width_and_both_bounds_are_confirmed() {
    for capacity in [0.7, 3.3, 10.0, 437.0, 5_120.0] {
        let (ending, bounds, tried) = searched(&plan(), up_to(capacity));
        assert_eq!(ending, SearchEnding::Found, "{capacity}");
        let (lower, upper) = (bounds.lower.unwrap(), bounds.upper.unwrap());
        assert!(
            lower <= capacity && capacity < upper,
            "{lower} {capacity} {upper}"
        );
        assert!(upper / lower <= 1.0301, "{lower} {upper}");
        assert!(bounds.lower_confirmed && bounds.upper_confirmed);
        assert!(tried.len() < 45, "{} trials", tried.len());
    }
}

#[test]
fn users_are_whole_and_neighbours_at_the_end() {
    for capacity in [1.0, 2.0, 7.0, 19.0, 300.0] {
        let plan = SearchPlan::careful(4.0, 1.0, 20_000.0, true);
        let (ending, bounds, _) = searched(&plan, up_to(capacity));
        assert_eq!(ending, SearchEnding::Found, "{capacity}");
        let (lower, upper) = (bounds.lower.unwrap(), bounds.upper.unwrap());
        assert!(lower.fract() == 0.0 && upper.fract() == 0.0);
        assert!(lower <= capacity && capacity < upper, "{lower} {upper}");
        assert!(upper - lower <= (lower * 0.031).max(1.0), "{lower} {upper}");
    }
}

#[test]
fn a_quick_search_needs_few_trials() {
    let plan = SearchPlan::quick(10.0, 0.5, 10_000.0, false);
    let (ending, bounds, tried) = searched(&plan, up_to(200.0));
    assert_eq!(ending, SearchEnding::Found);
    assert!(bounds.lower.unwrap() <= 200.0 && bounds.upper.unwrap() > 200.0);
    assert!(tried.len() <= 14, "{} trials", tried.len());
}

#[test]
fn the_ends_of_the_range_are_said() {
    let (ending, bounds, _) = searched(&plan(), up_to(0.1));
    assert_eq!((ending, bounds.lower), (SearchEnding::BelowLowest, None));
    assert!(bounds.upper_confirmed);
    let (ending, bounds, _) = searched(&plan(), up_to(1e9));
    assert_eq!((ending, bounds.upper), (SearchEnding::AboveHighest, None));
    assert_eq!(
        (bounds.lower, bounds.lower_confirmed),
        (Some(10_000.0), true)
    );
}

#[test]
fn one_lucky_trial_at_the_highest_load_is_not_said_to_hold() {
    let plan = SearchPlan::quick(100.0, 1.0, 100.0, false);
    let mut trials = 0;
    let mut limit = up_to(60.0);
    let (ending, bounds, tried) = searched(&plan, |load| {
        trials += 1;
        if trials == 1 {
            LoadVote::Met
        } else {
            limit(load)
        }
    });
    assert_eq!((tried[0].load, tried[0].vote), (100.0, LoadVote::Met));
    assert_eq!(ending, SearchEnding::Found, "{tried:?}");
    assert!(
        bounds.lower.unwrap() <= 60.0 && bounds.upper.unwrap() > 60.0,
        "{bounds:?}"
    );
    assert!(bounds.lower_confirmed && bounds.upper_confirmed);
}

#[test]
fn a_highest_load_that_met_the_slo_in_the_search_alone_is_no_confirmed_bound() {
    // Its first vote misses, every other vote meets, and of the fresh trials none does.
    let plan = SearchPlan::careful(100.0, 1.0, 200.0, false);
    let mut tried: Vec<TriedLoad> = Vec::new();
    let (ending, bounds) = loop {
        match next_step(&plan, &tried) {
            SearchStep::Done { ending, bounds } => break (ending, bounds),
            SearchStep::Try { load, purpose, .. } => {
                let met = load < 150.0 || purpose == TrialPurpose::Narrow;
                tried.push(TriedLoad {
                    load,
                    purpose,
                    vote: if met { LoadVote::Met } else { LoadVote::Missed },
                    took_s: 10.0,
                });
            }
        }
        assert!(tried.len() < 200, "the search does not end");
    };
    assert_ne!(ending, SearchEnding::AboveHighest, "{tried:?}");
    assert!(bounds.lower.unwrap() < 200.0, "{bounds:?}");
}

/// Below `enough` a trial has too few requests to tell.
fn undecided_below(
    enough: f64,
    mut others: impl FnMut(f64) -> LoadVote,
) -> impl FnMut(f64) -> LoadVote {
    move |load| {
        if load < enough {
            LoadVote::Undecided
        } else {
            others(load)
        }
    }
}

fn lowest_tried(tried: &[TriedLoad]) -> f64 {
    let loads = tried.iter().map(|one| one.load);
    loads.fold(f64::INFINITY, f64::min)
}

#[test]
fn a_search_goes_up_from_loads_of_too_few_requests() {
    let (ending, bounds, tried) = searched(&plan(), undecided_below(35.0, up_to(437.0)));
    assert_eq!(ending, SearchEnding::Found);
    assert!(bounds.lower.unwrap() <= 437.0 && bounds.upper.unwrap() > 437.0);
    assert!(bounds.lower_confirmed && bounds.upper_confirmed);
    assert!(lowest_tried(&tried) >= 10.0, "{tried:?}");
}

#[test]
fn too_few_requests_are_no_upper_bound() {
    let nothing = SearchBounds::default();
    let (ending, bounds, tried) = searched(&plan(), |_| LoadVote::Undecided);
    assert_eq!((ending, bounds), (SearchEnding::Undecided, nothing));
    assert!(
        lowest_tried(&tried) >= 10.0 && tried.len() < 12,
        "{tried:?}"
    );
    let users = SearchPlan::quick(4.0, 1.0, 64.0, true);
    let (ending, bounds, _) = searched(&users, |_| LoadVote::Undecided);
    assert_eq!((ending, bounds), (SearchEnding::Undecided, nothing));

    // The capacity, 2/s, lies where nothing can be told: found is the lowest load that missed for certain.
    for first in [4.0, 100.0] {
        let plan = SearchPlan { first, ..plan() };
        let (ending, bounds, _) = searched(&plan, undecided_below(15.0, up_to(2.0)));
        assert_eq!((ending, bounds.lower), (SearchEnding::Undecided, None));
        let upper = bounds.upper.unwrap();
        assert!((15.0..15.5).contains(&upper), "{upper} from {first}");
        assert!(bounds.upper_confirmed);
    }
}

#[test]
fn undecided_loads_between_the_bounds_stay_between_them() {
    let (ending, bounds, _) = searched(&plan(), |load| match load {
        load if load < 400.0 => LoadVote::Met,
        load if load < 500.0 => LoadVote::Undecided,
        _ => LoadVote::Missed,
    });
    assert_eq!(ending, SearchEnding::Found);
    let (lower, upper) = (bounds.lower.unwrap(), bounds.upper.unwrap());
    assert!((387.0..400.0).contains(&lower), "{lower}");
    assert!((500.0..517.0).contains(&upper), "{upper}");
    assert!(bounds.lower_confirmed && bounds.upper_confirmed);
}

#[test]
fn fresh_trials_of_too_few_requests_confirm_nothing() {
    for (lowest, highest, vote, ending) in [
        (1.0, 100.0, LoadVote::Met, SearchEnding::Undecided),
        (100.0, 200.0, LoadVote::Missed, SearchEnding::BelowLowest),
    ] {
        let plan = SearchPlan::quick(100.0, lowest, highest, false);
        let mut first = Some(vote);
        let found = searched(&plan, |_| first.take().unwrap_or(LoadVote::Undecided));
        assert_eq!(found.0, ending);
        assert!(!found.1.lower_confirmed && !found.1.upper_confirmed);
    }
}

#[test]
fn a_generator_that_fails_first_is_no_capacity_and_one_bad_trial_is_repeated() {
    let (ending, bounds, _) = searched(&plan(), |load| {
        if load < 700.0 {
            LoadVote::Met
        } else {
            LoadVote::Invalid
        }
    });
    assert_eq!(ending, SearchEnding::GeneratorLimit);
    assert!(
        bounds.lower_confirmed && bounds.lower.unwrap() > 650.0,
        "{bounds:?}"
    );

    let mut trials = 0;
    let mut limit = up_to(200.0);
    let (ending, bounds, _) = searched(&plan(), |load| {
        trials += 1;
        if trials % 5 == 0 {
            LoadVote::Invalid
        } else {
            limit(load)
        }
    });
    assert_eq!(ending, SearchEnding::Found);
    assert!(bounds.lower.unwrap() <= 200.0 && bounds.upper.unwrap() > 200.0);
}

#[test]
fn a_target_that_fails_below_the_generators_limit_has_a_capacity() {
    let (ending, bounds, _) = searched(&plan(), |load| match load {
        load if load <= 500.0 => LoadVote::Met,
        load if load < 620.0 => LoadVote::Missed,
        _ => LoadVote::Invalid,
    });
    assert_eq!(ending, SearchEnding::Found);
    assert!(bounds.upper.unwrap() < 520.0, "{bounds:?}");
}

#[test]
fn the_time_ends_a_search_with_what_is_known_and_keeps_some_for_the_confirmation() {
    let limited = |seconds| SearchPlan {
        budget_s: Some(seconds),
        ..plan()
    };
    let (ending, bounds, tried) = searched(&limited(180.0), up_to(437.0));
    assert_eq!(ending, SearchEnding::OutOfTime);
    assert!(tried.len() <= 18);
    assert!(
        bounds.lower_confirmed && bounds.upper_confirmed,
        "{bounds:?}"
    );
    assert!(bounds.lower.unwrap() <= 437.0 && bounds.upper.unwrap() > 437.0);
    let (ending, bounds, _) = searched(&limited(35.0), up_to(437.0));
    assert_eq!((ending, bounds.upper), (SearchEnding::OutOfTime, None));
}

#[test]
fn a_bound_that_no_trial_told_of_is_not_said() {
    use LoadVote::{Invalid, Met, Missed};
    let limited = |first, seconds| SearchPlan {
        budget_s: Some(seconds),
        ..SearchPlan::quick(first, 1.0, 10_000.0, false)
    };
    // Fresh trials refute 100/s, and no time is left for the load below it.
    for (first, seconds, votes, lower) in [
        (100.0, 40.0, vec![Met, Missed, Missed, Missed], None),
        (
            50.0,
            50.0,
            vec![Met, Met, Missed, Missed, Missed],
            Some(50.0),
        ),
    ] {
        let mut votes = votes.into_iter();
        let found = searched(&limited(first, seconds), |_| votes.next().unwrap());
        assert_eq!(found.0, SearchEnding::OutOfTime);
        assert_eq!(
            (found.1.lower, found.1.upper),
            (lower, Some(200.0)),
            "{:?}",
            found.2
        );
    }
    // The generator fails at 640/s, and the time is over before anything lower is tried.
    let (ending, bounds, tried) = searched(&limited(10.0, 90.0), |load| {
        if load < 600.0 { Met } else { Invalid }
    });
    assert_eq!(ending, SearchEnding::OutOfTime);
    assert_eq!(
        (bounds.lower, bounds.upper),
        (Some(320.0), None),
        "{tried:?}"
    );
}

#[test]
fn bounds_that_no_fresh_trial_confirms_end_at_loads_that_were_tried() {
    let mut tried: Vec<TriedLoad> = Vec::new();
    let bounds = loop {
        match next_step(&plan(), &tried) {
            SearchStep::Done { bounds, .. } => break bounds,
            SearchStep::Try { load, purpose, .. } => {
                let met = match purpose {
                    TrialPurpose::ConfirmLower => false,
                    TrialPurpose::ConfirmUpper => true,
                    _ => load < 437.0,
                };
                tried.push(TriedLoad {
                    load,
                    purpose,
                    vote: if met { LoadVote::Met } else { LoadVote::Missed },
                    took_s: 10.0,
                });
            }
        }
        assert!(tried.len() < 200, "the search does not end");
    };
    assert!(!bounds.lower_confirmed && !bounds.upper_confirmed);
    for bound in [bounds.lower.unwrap(), bounds.upper.unwrap()] {
        let mut loads = tried.iter().map(|one| one.load);
        assert!(loads.any(|load| (load - bound).abs() < 1e-9), "{bound}");
    }
}

#[test]
fn with_more_time_a_search_goes_on_where_it_had_to_stop() {
    let short = SearchPlan {
        budget_s: Some(180.0),
        ..plan()
    };
    let (_, wide, mut tried) = searched(&short, up_to(437.0));
    let mut limit = up_to(437.0);
    while let SearchStep::Try { load, purpose, .. } = next_step(&plan(), &tried) {
        tried.push(TriedLoad {
            load,
            purpose,
            vote: limit(load),
            took_s: 10.0,
        });
        assert!(tried.len() < 60);
    }
    let SearchStep::Done { bounds, .. } = next_step(&plan(), &tried) else {
        unreachable!()
    };
    assert!(wide.upper.unwrap() > bounds.upper.unwrap());
    assert!(bounds.lower.unwrap() <= 437.0 && bounds.upper.unwrap() > 437.0);
}

#[test]
fn a_search_goes_on_from_what_is_stored() {
    let (ending, bounds, tried) = searched(&plan(), up_to(437.0));
    for stopped in 0..tried.len() {
        let SearchStep::Try { load, .. } = next_step(&plan(), &tried[..stopped]) else {
            panic!("it ended after {stopped}")
        };
        assert!((load - tried[stopped].load).abs() < 1e-12);
    }
    assert_eq!(
        next_step(&plan(), &tried),
        SearchStep::Done { ending, bounds }
    );
}
