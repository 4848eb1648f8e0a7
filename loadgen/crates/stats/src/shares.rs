//! What it shows that none of so many failed.

/// The largest share that draws of which none failed still allow, at this confidence, if they are
/// independent: 1 - (1 - confidence)^(1/n), about 3/n at 95 % (the rule of three). 1 without a draw.
pub fn largest_share_of_none(draws: u64, confidence: f64) -> f64 {
    if draws == 0 {
        return 1.0;
    }
    -((1.0 - confidence).ln() / draws as f64).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_n_allows_what_the_binomial_distribution_allows() {
        // MLPerf's smallest counts without an excess, at 99 %: 44, 90, 459 and 4,603.
        for (share, fewest) in [(0.1, 44), (0.05, 90), (0.01, 459), (0.001, 4_603)] {
            assert!(largest_share_of_none(fewest, 0.99) <= share, "{share}");
            assert!(largest_share_of_none(fewest - 1, 0.99) > share, "{share}");
        }
        assert!((largest_share_of_none(0, 0.95) - 1.0).abs() < 1e-12);
    }
}
