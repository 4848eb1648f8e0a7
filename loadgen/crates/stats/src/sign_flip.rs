//! The sign-flip test of a mean of paired differences, and its interval.
//!
//! Where the arms are alike, each difference is as likely to have the other sign; the p-value is the
//! share of all 2^n sign patterns whose mean is as extreme. Unlike a rank, a mean sees one large
//! difference among many small ones. The interval is the inversion of the test: its ends are order
//! statistics of the means of all subsets (Hartigan, JASA 64, 1969).

use rand::Rng as _;

use super::{seed, signed_rank::Interval};

/// Most pairs of which every subset is taken; of more, a sample of [`SAMPLED`].
const ALL_SUBSETS: usize = 13;
/// Subsets in a sample.
const SAMPLED: usize = 9_999;

/// Means of the subsets of paired differences.
#[derive(Debug, Clone, PartialEq)]
pub struct SubsetMeans {
    /// In ascending order, the empty subset left out.
    means: Vec<f64>,
    /// Mean of all differences.
    mean: f64,
    /// Differences that are equal but for rounding.
    tolerance: f64,
}

impl SubsetMeans {
    /// Those of these differences; `None` of nothing, or of what is no number.
    pub fn of(differences: &[f64]) -> Option<Self> {
        let n = differences.len();
        if n == 0 || differences.iter().any(|one| !one.is_finite()) {
            return None;
        }
        let mut means: Vec<f64> = if n <= ALL_SUBSETS {
            (1_u32..)
                .zip(subset_sums(differences).into_iter().skip(1))
                .map(|(subset, sum)| sum / f64::from(subset.count_ones()))
                .collect()
        } else {
            sampled_means(differences)
        };
        means.sort_by(f64::total_cmp);
        let largest = differences
            .iter()
            .fold(0.0_f64, |most, one| most.max(one.abs()));
        Some(Self {
            means,
            mean: differences.iter().sum::<f64>() / n as f64,
            tolerance: largest * 1e-9,
        })
    }

    /// Mean of all differences.
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Sign patterns, the observed one included.
    fn patterns(&self) -> f64 {
        (self.means.len() + 1) as f64
    }

    /// Two-sided p of the hypothesis that the mean is 0.
    pub fn two_sided_p(&self) -> f64 {
        let at_most = self.means.partition_point(|one| *one <= self.tolerance);
        let at_least = self.means.len() - self.means.partition_point(|one| *one < -self.tolerance);
        let fewer = at_most.min(at_least);
        (2.0 * (fewer + 1) as f64 / self.patterns()).min(1.0)
    }

    /// The interval of the mean at a level of at least `level`; `None` with too few differences.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let rank = ((1.0 - level) / 2.0 * self.patterns() + 1e-9) as usize;
        let low = self.means.get(rank.checked_sub(1)?)?;
        let high = self.means.get(self.means.len().checked_sub(rank)?)?;
        Some(Interval {
            low: *low,
            high: *high,
            level: 1.0 - 2.0 * rank as f64 / self.patterns(),
        })
    }
}

/// Sums of all subsets: the bits of an index say which differences are in it.
fn subset_sums(differences: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for one in differences {
        for subset in 0..sums.len() {
            sums.push(sums[subset] + one);
        }
    }
    sums
}

/// Means of random subsets, the same for the same number of differences.
fn sampled_means(differences: &[f64]) -> Vec<f64> {
    let mut chance = seed::rng(seed::sub_seed(differences.len() as u64, "subsets"));
    // A random byte picks among eight differences at once.
    let eights: Vec<Vec<f64>> = differences.chunks(8).map(subset_sums).collect();
    let mut bytes = vec![0_u8; eights.len()];
    let mut means = Vec::with_capacity(SAMPLED);
    while means.len() < SAMPLED {
        chance.fill_bytes(&mut bytes);
        let (mut sum, mut count) = (0.0, 0);
        for (sums, byte) in eights.iter().zip(&bytes) {
            let subset = usize::from(*byte) & (sums.len() - 1);
            sum += sums[subset];
            count += subset.count_ones();
        }
        if count > 0 {
            means.push(sum / f64::from(count));
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed_rank::tests::normal;

    fn p(differences: &[f64]) -> f64 {
        SubsetMeans::of(differences).unwrap().two_sided_p()
    }

    #[test]
    fn p_is_the_share_of_sign_patterns_that_are_as_extreme() {
        // All of one sign: 2 of 64. One of another sign that no pattern but its own exceeds: 4 of 64.
        assert!((p(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) - 2.0 / 64.0).abs() < 1e-12);
        assert!((p(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) - 4.0 / 64.0).abs() < 1e-12);
        assert!((p(&[0.0; 8]) - 1.0).abs() < 1e-12);
        // One block that failed whole, among eleven in which nothing differs.
        let mut one = [0.0; 12];
        one[4] = 1.0;
        assert!((p(&one) - 1.0).abs() < 1e-12);
        assert_eq!(SubsetMeans::of(&[]), None);
    }

    #[test]
    fn an_interval_excludes_0_where_the_test_rejects_it_and_needs_six() {
        let all = SubsetMeans::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let found = all.interval(0.95).unwrap();
        assert_eq!((found.low, found.high), (1.0, 6.0));
        assert!((found.level - 0.968_75).abs() < 1e-12);
        assert_eq!(SubsetMeans::of(&[1.0; 5]).unwrap().interval(0.95), None);
    }

    #[test]
    fn the_level_is_kept_with_all_subsets_and_with_a_sample() {
        for (pairs, experiments) in [(8, 600), (16, 60)] {
            let mut chance = seed::rng(11);
            let (mut rejected, mut missed) = (0, 0);
            for _ in 0..experiments {
                let values: Vec<f64> = (0..pairs).map(|_| normal(&mut chance)).collect();
                let means = SubsetMeans::of(&values).unwrap();
                let interval = means.interval(0.95).unwrap();
                let excluded = interval.low > 0.0 || interval.high < 0.0;
                assert_eq!(excluded, means.two_sided_p() <= 0.05, "{values:?}");
                rejected += usize::from(means.two_sided_p() <= 0.05);
                missed += usize::from(excluded);
            }
            let most =
                f64::from(experiments) * 0.05 + 3.0 * (f64::from(experiments) * 0.0475).sqrt();
            assert!(
                (rejected as f64) < most && (missed as f64) < most,
                "{rejected}"
            );
        }
    }
}
