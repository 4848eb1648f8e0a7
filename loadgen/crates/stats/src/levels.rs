//! The levels of a series between its changes: where each begins, and the median of what lies in it.

use super::{
    change_points::{FEWEST, change_points},
    signed_rank::median,
};

/// Significance level of each change: of twenty series without a change, one shows some.
const LEVEL: f64 = 0.05;

/// Most points in which changes are looked for; of more, the newest.
const MOST: usize = 200;

/// Seed of the random orders: the same series always gives the same answer.
const SEED: u64 = 1;

/// Points between two changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedianLevel {
    /// Index of its first point.
    pub from: usize,
    /// Median of its figures; absent where that is not finite.
    pub median: Option<f64>,
    /// p of the change that began it; absent for the first.
    pub p: Option<f64>,
}

/// The levels of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeriesLevels {
    /// In the order of the series; at least one where it has a figure.
    pub levels: Vec<MedianLevel>,
    /// Whether there were too few figures to look for changes.
    pub too_few: bool,
    /// Whether changes were looked for in the newest figures only.
    pub newest_only: bool,
}

/// The levels of a series, the oldest figure first. A point without a figure takes no part; an infinite
/// one is larger than every other, and by how much is not known.
pub fn series_levels(figures: &[Option<f64>]) -> SeriesLevels {
    let mut known: Vec<(usize, f64)> = figures
        .iter()
        .enumerate()
        .filter_map(|(index, figure)| Some((index, (*figure)?)))
        .collect();
    let cut = known.len().saturating_sub(MOST);
    known.drain(..cut);
    let Some(first) = known.first() else {
        return SeriesLevels {
            too_few: true,
            ..SeriesLevels::default()
        };
    };
    let mut begins = vec![(0, first.0, None)];
    let figures: Vec<f64> = known.iter().map(|(_, figure)| *figure).collect();
    for change in change_points(&comparable_values(&figures), LEVEL, SEED) {
        begins.push((change.at, known[change.at].0, Some(change.p)));
    }
    let levels = begins
        .iter()
        .enumerate()
        .map(|(number, (at, from, p))| {
            let to = begins.get(number + 1).map_or(known.len(), |next| next.0);
            MedianLevel {
                from: *from,
                median: median(&figures[*at..to]).filter(|median| median.is_finite()),
                p: *p,
            }
        })
        .collect();
    SeriesLevels {
        levels,
        too_few: known.len() < FEWEST,
        newest_only: cut > 0,
    }
}

/// The figures on the scale on which changes are looked for: logarithms, because times and ratios
/// change by factors; as they are where one is 0. An infinite one stands as a tenth more than the
/// largest finite one: it is larger, and by how much is not known. The permutation test keeps its
/// level with any such value.
fn comparable_values(figures: &[f64]) -> Vec<f64> {
    let known = figures.iter().copied().filter(|one| one.is_finite());
    let largest = known.fold(0.0, f64::max);
    let by_factors = figures.iter().all(|one| *one > 0.0) && largest > 0.0;
    figures
        .iter()
        .map(|one| one.min(largest * 1.1))
        .map(|one| if by_factors { one.ln() } else { one })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medians(figures: &[Option<f64>]) -> Vec<(usize, Option<f64>)> {
        let found = series_levels(figures);
        let levels = found.levels.iter();
        levels.map(|level| (level.from, level.median)).collect()
    }

    #[test]
    fn a_level_begins_at_a_change_and_a_point_without_a_figure_takes_no_part() {
        let mut figures: Vec<Option<f64>> = (0..12)
            .map(|n| Some(if n < 7 { 100.0 } else { 200.0 } + f64::from(n % 3)))
            .collect();
        figures[3] = None;
        assert_eq!(medians(&figures), [(0, Some(101.0)), (7, Some(201.0))]);
        let found = series_levels(&figures);
        assert!(!found.too_few && !found.newest_only);
        assert_eq!(found.levels[0].p, None);
        assert!(found.levels[1].p.unwrap() <= LEVEL);
    }

    #[test]
    fn a_level_of_infinite_figures_has_no_median() {
        let figures: Vec<Option<f64>> = (0..12)
            .map(|n| Some(if n < 6 { 9_000.0 } else { f64::INFINITY }))
            .collect();
        assert_eq!(medians(&figures), [(0, Some(9_000.0)), (6, None)]);
        assert_eq!(medians(&[Some(f64::INFINITY); 12]), [(0, None)]);
    }

    #[test]
    fn few_figures_have_one_level_none_has_none_and_of_many_the_newest_count() {
        let few = series_levels(&[Some(1.0), Some(9.0), Some(90.0)]);
        assert_eq!((few.levels.len(), few.too_few), (1, true));
        let none = series_levels(&[None, None]);
        assert_eq!((none.levels.len(), none.too_few), (0, true));
        let many = series_levels(&[Some(7.0); MOST + 1]);
        assert_eq!((many.levels[0].from, many.newest_only), (1, true));
    }
}
