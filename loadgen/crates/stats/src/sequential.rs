//! A share that is looked at again and again while it grows: whether it is above a limit, at any interim look.
//!
//! A test at 5 % that is made at every look ends far more than 5 % of the cases that have exactly the limit.
//! The likelihood ratio of a larger share against the limit (Wald 1945) is a fair game at the limit, and so is
//! the mean of several (Robbins 1970): the chance that it ever reaches `1 / level`, at however many looks, is
//! at most `level` (Ville 1939).

/// The larger shares that are weighed against the limit, by how many times its odds theirs are. The finest
/// sees a share that is a tenth above the limit, the coarsest needs few draws where all are counted.
const ODDS: [f64; 8] = [1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0];

/// Whether `count` of so many `draws` show that the share that is counted is above `limit`.
///
/// Of a share that is not, the chance that this is ever true is at most `level`, however often it is asked
/// while the draws come in. The draws are taken as independent.
pub fn exceeds_at_any_look(count: u64, draws: u64, limit: f64, level: f64) -> bool {
    evidence(count, draws, limit) >= 1.0 / level
}

/// The mean of the likelihood ratios of the larger shares against the limit.
fn evidence(count: u64, draws: u64, limit: f64) -> f64 {
    if limit <= 0.0 {
        return if count > 0 { f64::INFINITY } else { 0.0 };
    }
    if limit >= 1.0 {
        return 0.0;
    }
    let ratio = |odds: f64| {
        // A share of so many times the odds is odds / norm of the limit, its rest 1 / norm of the limit's.
        let norm = (limit * (odds - 1.0)).ln_1p();
        (count as f64 * odds.ln() - draws as f64 * norm).exp()
    };
    ODDS.into_iter().map(ratio).sum::<f64>() / ODDS.len() as f64
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::seed;

    const LEVEL: f64 = 0.05;
    /// Draws between two looks: half a second at 50 a second.
    const EACH: u64 = 25;

    /// The chance of each count of so many draws.
    fn chances(draws: u64, share: f64) -> Vec<f64> {
        let odds = share / (1.0 - share);
        let mut next = (1.0 - share).powi(draws as i32);
        let of_count = |count: u64| {
            let chance = next;
            next *= (draws - count) as f64 / (count + 1) as f64 * odds;
            chance
        };
        (0..=draws).map(of_count).collect()
    }

    /// The look at which each of so many series with this share exceeds the limit; absent where none does.
    fn looks(share: f64, limit: f64, series: usize, most: u64) -> Vec<Option<u64>> {
        let of_one_look = chances(EACH, share);
        let mut chance = seed::rng(11);
        let mut drawn = || {
            let at = chance.random::<f64>();
            let mut below = 0.0;
            let more = of_one_look.iter().take_while(|one| {
                below += **one;
                below <= at
            });
            more.count().min(EACH as usize) as u64
        };
        let mut first = || {
            let mut count = 0;
            (1..=most).find(|look| {
                count += drawn();
                exceeds_at_any_look(count, look * EACH, limit, LEVEL)
            })
        };
        (0..series).map(|_| first()).collect()
    }

    #[test]
    fn it_is_the_mean_of_the_likelihood_ratios() {
        let (limit, count, draws) = (0.1_f64, 5, 12);
        let ratios = ODDS.map(|odds| {
            let share = odds * limit / (1.0 - limit + odds * limit);
            (share / limit).powi(count) * ((1.0 - share) / (1.0 - limit)).powi(draws - count)
        });
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        let found = evidence(count as u64, draws as u64, limit);
        assert!((found / mean - 1.0).abs() < 1e-9, "{found} {mean}");
    }

    #[test]
    fn it_is_one_in_the_mean_at_the_limit_and_less_below() {
        for limit in [0.01, 0.1, 0.6] {
            for draws in [1, 12, 40] {
                let mean = |share: f64| -> f64 {
                    (0..)
                        .zip(chances(draws, share))
                        .map(|(count, chance)| chance * evidence(count, draws, limit))
                        .sum()
                };
                let at_limit = mean(limit);
                assert!((at_limit - 1.0).abs() < 1e-6, "{limit} {draws}: {at_limit}");
                assert!(mean(limit * 0.9) < 1.0, "{limit} {draws}");
            }
        }
    }

    #[test]
    fn what_none_and_all_may_be_needs_no_evidence() {
        let exceeds = |count, limit| exceeds_at_any_look(count, 10, limit, LEVEL);
        assert!(exceeds(1, 0.0) && !exceeds(0, 0.0));
        assert!(!exceeds(10, 1.0));
        assert!(exceeds_at_any_look(900_000_000, 1_000_000_000, 0.1, LEVEL));
        assert!(!exceeds_at_any_look(1_000, 1_000_000_000, 0.1, LEVEL));
    }

    /// Looks twice a second, the longest for an hour. The bound is 5 %; 300 series scatter by two hundredths.
    #[test]
    fn at_the_limit_few_series_of_an_hour_ever_exceed_it() {
        for (limit, most) in [(0.01, 1_200), (0.1, 7_200)] {
            let found = looks(limit, limit, 300, most);
            let exceeding = found.iter().flatten().count();
            assert!(exceeding <= 21, "{exceeding} of 300 at {limit}");
        }
    }

    #[test]
    fn twice_the_limit_is_seen_within_seconds() {
        let found = looks(0.2, 0.1, 200, 60);
        assert!(found.iter().all(Option::is_some), "within half a minute");
        let soon = found.iter().flatten().filter(|look| **look <= 10).count();
        assert!(soon > 100, "{soon} of 200 within five seconds");
    }
}
