//! Whether memory and descriptors stayed flat, one line a process and resource.

use crate::render::figures;
use loadgen_experiment::{
    events::printable,
    schema::{Growth, GrowthWord, Resource, RunKind, Summary},
};

/// What a growth of memory may also be.
const NOTE: &str = "Caches and allocators that fill at the beginning make memory grow at first: \
    only a longer run shows whether it stops.";

/// The lines of a run; none where its measured window was too short, and none of other commands.
pub(super) fn lines(summary: &Summary) -> Vec<String> {
    if summary.kind != RunKind::Run {
        return Vec::new();
    }
    let found: Vec<&Growth> = summary
        .trials
        .iter()
        .flat_map(|trial| &trial.growth)
        .collect();
    let memory_grows =
        |one: &&Growth| one.resource == Resource::Memory && one.word == GrowthWord::Grows;
    let note = found.iter().any(memory_grows).then(|| NOTE.to_owned());
    found.into_iter().map(line).chain(note).collect()
}

/// `target-app memory 84 MB, +0.3 MB/h [-0.4 MB/h, +1.1 MB/h], flat (10 min, 30 blocks)`.
fn line(one: &Growth) -> String {
    let (resource, mean) = match one.resource {
        Resource::Memory => ("memory", figures::bytes(one.mean)),
        Resource::Descriptors => ("descriptors", figures::number(one.mean)),
    };
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
    let word = match one.word {
        GrowthWord::Flat => "flat",
        GrowthWord::Grows => "grows",
        GrowthWord::Shrinks => "shrinks",
        GrowthWord::NotKnown => "not known whether it grows",
    };
    printable(&format!(
        "{} {resource} {mean}, {slope} {interval}, {word} ({}, {} blocks)",
        one.process,
        figures::duration(one.window_s),
        one.blocks,
    ))
}

/// A slope with its sign.
fn an_hour(slope: f64, resource: Resource) -> String {
    let sign = if slope < 0.0 { "-" } else { "+" };
    let size = match resource {
        Resource::Memory => figures::bytes(slope.abs()),
        Resource::Descriptors => figures::number(slope.abs()),
    };
    format!("{sign}{size}/h")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, html, markdown, terminal};

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
        assert!(
            !markdown(&summary)
                .unwrap()
                .contains("Memory and descriptors")
        );
        summary.trials[0].growth = vec![growth(Resource::Memory, GrowthWord::Flat)];
        let line = lines(&summary).remove(0);
        assert!(line.starts_with("target-app memory 84"), "{line}");
        assert!(line.ends_with(", flat (10 min, 30 blocks)"), "{line}");
        let forms = [
            terminal(&summary, 400, false),
            markdown(&summary).unwrap(),
            html(&summary).unwrap(),
        ];
        for text in forms {
            assert!(text.contains("Memory and descriptors"), "{text}");
            assert!(text.contains("flat (10 min, 30 blocks)"), "{text}");
            assert!(!text.contains("Caches and allocators"), "{text}");
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
