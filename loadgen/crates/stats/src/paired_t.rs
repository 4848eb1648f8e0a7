//! Student's test of paired differences, for figures without a claim: with few pairs ranks know no p small enough to
//! stand in a table, however large and alike the differences are.

use super::distributions::t_two_sided;

/// Two-sided p of no difference by Student's paired t test (Biometrika 6, 1908), of the differences of at least two pairs;
/// `None` for fewer. Differences that are all the same have p = 0, or 1 where they are zero.
pub fn paired_t_p(differences: &[f64]) -> Option<f64> {
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|one| (one - mean).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt();
    if error > 0.0 {
        t_two_sided(mean / error, n - 1.0)
    } else {
        let alike = if mean == 0.0 { 1.0 } else { 0.0 };
        (n >= 2.0).then_some(alike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_r() {
        // t.test(extra ~ group, data = sleep, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833
        let sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let p = paired_t_p(&sleep).unwrap();
        assert!((p - 0.002_833).abs() < 5e-7, "{p}");
    }

    #[test]
    fn of_differences_that_are_alike_it_is_certain_and_of_one_it_knows_nothing() {
        assert_eq!(paired_t_p(&[0.5; 6]), Some(0.0));
        assert_eq!(paired_t_p(&[0.0; 6]), Some(1.0));
        assert_eq!(paired_t_p(&[0.5]), None);
        assert_eq!(paired_t_p(&[]), None);
    }
}
