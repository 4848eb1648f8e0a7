//! The few distribution functions that the rules of this crate need. The functions themselves are
//! those of `statrs`; its rank tests are not used (its exact Mann-Whitney p is wrong for small
//! samples).

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// P(X <= x) of the standard normal distribution.
pub(super) fn normal_cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

/// Quantile of the standard normal distribution.
pub(super) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Quantile of Student's t; `None` where there are no degrees of freedom.
pub(super) fn t_quantile(p: f64, df: f64) -> Option<f64> {
    StudentsT::new(0.0, 1.0, df)
        .ok()
        .map(|student| student.inverse_cdf(p))
}

/// P(|T| >= |t|) of Student's t; `None` where there are no degrees of freedom.
pub(super) fn t_two_sided(t: f64, df: f64) -> Option<f64> {
    StudentsT::new(0.0, 1.0, df)
        .ok()
        .map(|student| (2.0 * student.cdf(-t.abs())).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (found, printed) in [
            (t_quantile(0.975, 4.0).unwrap(), 2.776_445),
            (t_quantile(0.975, 8.0).unwrap(), 2.306_004),
            (t_quantile(0.95, 16.0).unwrap(), 1.745_884),
        ] {
            assert!((found - printed).abs() < 1e-6, "{found} {printed}");
        }
        assert_eq!(t_quantile(0.9, 0.0), None);
    }

    #[test]
    fn a_p_value_is_both_tails() {
        let p = t_two_sided(-2.306_004_135, 8.0).unwrap();
        assert!((p - 0.05).abs() < 1e-8, "{p}");
        assert!((normal_cdf(1.959_964) - 0.975).abs() < 1e-6);
    }
}
