//! Several claims at once, and tables of figures: p-values corrected so that all of them together keep the level.

/// Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): corrected p-values
/// in the order given. The chance of any false claim is at most the level, however the claims depend
/// on each other.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let n = p.len();
    let mut corrected = vec![0.0; n];
    let mut largest: f64 = 0.0;
    for (place, index) in ascending(p).into_iter().enumerate() {
        // No claim may come out stronger than one with a smaller p.
        largest = largest.max(p[index] * (n - place) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

/// Benjamini and Hochberg's step-up correction (Journal of the Royal Statistical Society B 57, 1995): corrected
/// p-values in the order given. Of those at most at the level, the expected share of false ones is at most the level
/// where the figures are independent or go together; where none differs, that is the chance of any.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let n = p.len() as f64;
    let mut corrected = vec![0.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (place, index) in ascending(p).into_iter().enumerate().rev() {
        // No figure may come out weaker than one with a larger p.
        smallest = smallest.min(p[index] * n / (place + 1) as f64);
        corrected[index] = smallest;
    }
    corrected
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|one, other| p[*one].total_cmp(&p[*other]));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holm_agrees_with_r() {
        // p.adjust(c(.01, .02, .03, .04, .05), "holm")
        let corrected = holm(&[0.01, 0.02, 0.03, 0.04, 0.05]);
        for (found, expected) in corrected.iter().zip([0.05, 0.08, 0.09, 0.09, 0.09]) {
            assert!((found - expected).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.04]), [0.04]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    #[test]
    fn benjamini_hochberg_agrees_with_r() {
        // p.adjust(p, "BH")
        for (p, expected) in [
            ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05; 5]),
            (
                [0.5, 0.001, 0.2, 0.012, 0.9],
                [0.625, 0.005, 1.0 / 3.0, 0.03, 0.9],
            ),
        ] {
            let corrected = benjamini_hochberg(&p);
            for (found, expected) in corrected.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{corrected:?}");
            }
        }
        assert_eq!(benjamini_hochberg(&[0.04]), [0.04]);
        assert_eq!(benjamini_hochberg(&[]), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn order_is_kept_and_no_claim_gets_stronger(p in prop::collection::vec(0.0_f64..=1.0, 0..12)) {
            let corrected = holm(&p);
            for (index, one) in p.iter().enumerate() {
                prop_assert!(*one <= corrected[index] && corrected[index] <= 1.0);
                for (other, than) in p.iter().enumerate() {
                    prop_assert!(one > than || corrected[index] <= corrected[other]);
                }
            }
        }
    }
}
