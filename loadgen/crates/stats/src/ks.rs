//! Kolmogorov-Smirnov distances: the largest difference between two distribution functions.
//! An effect size, not a test: with many points any difference is significant.

/// Distance between the distributions of two samples, 0 to 1; `None` where one is empty.
pub fn ks_two_samples(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        i += a[i..].partition_point(|value| *value <= at);
        j += b[j..].partition_point(|value| *value <= at);
        let apart = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
        most = most.max(apart.abs());
    }
    Some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_have_no_distance_and_separate_ones_the_whole() {
        assert_eq!(
            ks_two_samples(&[1.0, 2.0, 2.0], &[2.0, 1.0, 2.0]),
            Some(0.0)
        );
        assert_eq!(ks_two_samples(&[1.0, 2.0], &[3.0, 4.0, 5.0]), Some(1.0));
        assert_eq!(ks_two_samples(&[], &[1.0]), None);
    }

    #[test]
    fn a_known_pair_has_its_known_distance() {
        // After 2: 2 of 4 against 0 of 2; after 3: 3 of 4 against 1 of 2; after 5: 1 against 1.
        let distance = ks_two_samples(&[1.0, 2.0, 3.0, 4.0], &[3.0, 5.0]).unwrap();
        assert!((distance - 0.5).abs() < 1e-12);
    }
}
