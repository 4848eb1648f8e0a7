//! Whether anything grew over the measured window, one line a process and resource.

use crate::render::figures;
use loadgen_experiment::{
    events::printable,
    schema::{Growth, GrowthWord, Resource, RunKind, Summary},
};

/// What a growth of memory may also be.
const NOTE: &str = "Caches and allocators that fill at the beginning make memory grow at first: \
    only a longer run shows whether it stops.";

/// What is known of a run, or of the soak of a search; none where the measured window was too short, and
/// none of other commands.
fn found(summary: &Summary) -> &[Growth] {
    let of_trial = |folder: Option<&str>| {
        let mut trials = summary.trials.iter();
        let one = trials.find(|one| folder.is_none_or(|folder| one.folder == folder));
        one.map_or(&[][..], |trial| trial.growth.as_slice())
    };
    let soak = summary
        .capacity
        .as_ref()
        .and_then(|found| found.soak.as_ref());
    match (summary.kind, soak) {
        (RunKind::Run, _) => of_trial(None),
        (RunKind::Capacity, Some(soak)) => of_trial(Some(&soak.folder)),
        _ => &[],
    }
}

/// One word for all of a run, with what decided it; empty where there is nothing to judge. That of a soak
/// stands with the capacity.
pub(super) fn verdict(summary: &Summary) -> String {
    match found(summary) {
        all if summary.kind == RunKind::Run && !all.is_empty() => {
            printable(&format!("Growth: {}", Growth::verdict(all)))
        }
        _ => String::new(),
    }
}

/// A line for each; of memory that grows what that may also be.
pub(super) fn lines(summary: &Summary) -> Vec<String> {
    let found = found(summary);
    let memory_grows =
        |one: &Growth| one.resource == Resource::Memory && one.word == GrowthWord::Grows;
    let note = found.iter().any(memory_grows).then(|| NOTE.to_owned());
    found.iter().map(line).chain(note).collect()
}

/// `target-app memory 84 MB, +0.3 MB/h [-0.4 MB/h, +1.1 MB/h], FLAT (10 min, 30 blocks)`.
fn line(one: &Growth) -> String {
    let (name, mean) = (one.resource.words(), amount(one.mean, one.resource));
    let slope = one.per_hour.map_or_else(
        || "slope not known".to_owned(),
        |slope| an_hour(slope, one.resource),
    );
    let interval = one.interval.map_or_else(
        || "no interval".to_owned(),
        |(low, high)| {
            format!(
                "[{}, {}]",
                an_hour(low, one.resource),
                an_hour(high, one.resource)
            )
        },
    );
    let percentile = match one.resource {
        Resource::ResponseTime => " p95",
        _ => "",
    };
    printable(&format!(
        "{} {name}{percentile} {mean}, {slope} {interval}, {} ({}, {} blocks)",
        one.process,
        one.word.label(),
        figures::duration(one.window_s),
        one.blocks,
    ))
}

/// A slope with its sign.
fn an_hour(slope: f64, resource: Resource) -> String {
    let sign = if slope < 0.0 { "-" } else { "+" };
    format!("{sign}{}/h", amount(slope.abs(), resource))
}

/// In the resource's own unit.
fn amount(value: f64, resource: Resource) -> String {
    match resource {
        Resource::Memory => figures::bytes(value),
        Resource::Descriptors | Resource::Connections => figures::number(value),
        Resource::ResponseTime => figures::ms(Some(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{console, fixture, html, markdown, terminal};
    use loadgen_experiment::schema::{LoadVote, Soak};

    fn growth(resource: Resource, word: GrowthWord) -> Growth {
        Growth {
            process: "target-app".to_owned(),
            resource,
            mean: 84e6,
            per_hour: Some(0.3e6),
            interval: Some((-0.4e6, 1.1e6)),
            share_per_hour: Some(0.3 / 84.0),
            limit_per_hour: 4.2e6,
            blocks: 30,
            window_s: 600.0,
            word,
        }
    }

    #[test]
    fn the_word_stands_beside_its_data_in_every_form() {
        let mut summary = fixture::run();
        assert!(!markdown(&summary).unwrap().contains("Growth over the run"));
        summary.trials[0].growth = vec![growth(Resource::Memory, GrowthWord::Flat)];
        let line = lines(&summary).remove(0);
        assert!(line.starts_with("target-app memory 84"), "{line}");
        assert!(line.ends_with(", FLAT (10 min, 30 blocks)"), "{line}");
        let forms = [
            terminal(&summary, 400, false),
            markdown(&summary).unwrap(),
            html(&summary).unwrap(),
        ];
        for text in forms {
            assert!(text.contains("Growth over the run"), "{text}");
            assert!(text.contains("FLAT (10 min, 30 blocks)"), "{text}");
            assert!(!text.contains("Caches and allocators"), "{text}");
        }
    }

    #[test]
    fn a_run_has_one_word_for_all_and_a_search_that_of_its_soak() {
        let mut summary = fixture::run();
        assert_eq!(verdict(&summary), "");
        summary.trials[0].growth = vec![
            growth(Resource::Memory, GrowthWord::Flat),
            Growth {
                process: "requests".to_owned(),
                mean: 120.0,
                per_hour: Some(-1.5),
                interval: Some((-4.0, 1.0)),
                ..growth(Resource::ResponseTime, GrowthWord::Flat)
            },
        ];
        assert_eq!(verdict(&summary), "Growth: FLAT: memory, response time");
        let line = lines(&summary).remove(1);
        assert!(line.starts_with("requests response time p95 120"), "{line}");
        assert!(
            console(&summary, None, 80, false).contains("Growth: FLAT: memory, response time\n")
        );

        let mut search = fixture::capacity();
        search.trials.truncate(1);
        search.trials[0]
            .growth
            .clone_from(&summary.trials[0].growth);
        assert!(lines(&search).is_empty(), "no trial of a search is long");
        let folder = search.trials[0].folder.clone();
        search.capacity.as_mut().unwrap().soak = Some(Soak {
            folder,
            load: 156.0,
            share: Some(0.8),
            window_s: 600.0,
            vote: LoadVote::Met,
            why: Vec::new(),
            word: GrowthWord::Flat,
            growth: "FLAT: memory, response time".to_owned(),
        });
        assert_eq!(lines(&search).len(), 2);
        let forms = [
            console(&search, None, 80, false),
            terminal(&search, 100, false),
            markdown(&search).unwrap(),
            html(&search).unwrap(),
        ];
        for text in forms.map(|text| text.replace("&#x2f;", "/")) {
            assert!(
                text.contains("soak at 156/s (80 % of the lower bound)"),
                "{text}"
            );
        }
    }

    #[test]
    fn memory_that_grows_is_said_with_what_it_may_also_be_and_descriptors_are_not() {
        let mut summary = fixture::run();
        summary.trials[0].growth = vec![growth(Resource::Descriptors, GrowthWord::Grows)];
        assert_eq!(lines(&summary).len(), 1);
        summary.trials[0].growth = vec![growth(Resource::Memory, GrowthWord::Grows)];
        assert_eq!(lines(&summary)[1], NOTE);
    }
}
