//! MSER (White 1997): where the warm-up of a series ends, by the smallest standard error of
//! what remains.

/// Points at the end at which the rule is never evaluated: so few have a small error by chance.
const END: usize = 5;

/// What the rule says of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// How many points at the begin do not belong to the steady state.
    pub drop: usize,
    /// Whether a steady state was reached within the first half.
    pub reached: bool,
}

/// Points to drop from the begin; `None` where the series is too short to say.
pub fn mser(values: &[f64]) -> Option<Truncation> {
    if values.len() <= END {
        return None;
    }
    let course = errors(values);
    // The first of equals: a constant series drops nothing.
    let mut best = (0, f64::INFINITY);
    for (drop, error) in course.into_iter().enumerate() {
        if error < best.1 {
            best = (drop, error);
        }
    }
    Some(Truncation {
        drop: best.0,
        reached: best.0 <= values.len() / 2,
    })
}

/// g(d) = sum of squares about the mean of what remains after d points / (their number)².
fn errors(values: &[f64]) -> Vec<f64> {
    let last = values.len() - END;
    (0..=last)
        .map(|drop| {
            let rest = &values[drop..];
            let n = rest.len() as f64;
            let mean = rest.iter().sum::<f64>() / n;
            rest.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (n * n)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hand_made_vector_is_cut_where_it_was_computed_to_be() {
        let values = [
            10.0, 7.0, 5.0, 4.0, 3.0, 3.0, 2.0, 3.0, 4.0, 3.0, 3.0, 2.0, 3.0, 4.0, 3.0, 2.0,
        ];
        let course = errors(&values);
        for (found, expected) in course.iter().zip([
            0.251_709, 0.104_889, 0.049_563, 0.035_503, 0.034_144, 0.040_571,
        ]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let cut = mser(&values).unwrap();
        assert_eq!((cut.drop, cut.reached), (4, true));
    }

    #[test]
    fn a_constant_drops_nothing_and_a_trend_never_settles() {
        assert_eq!(
            mser(&[4.0; 40]),
            Some(Truncation {
                drop: 0,
                reached: true
            })
        );
        let trend: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(!mser(&trend).unwrap().reached);
    }

    #[test]
    fn a_ramp_before_a_steady_state_is_cut_off() {
        let mut values: Vec<f64> = (0..10).map(f64::from).collect();
        values.extend((0..1_000).map(|n| 10.0 + f64::from(n * 7 % 5) * 0.1));
        let cut = mser(&values).unwrap();
        assert!(cut.drop >= 9 && cut.drop < 20 && cut.reached, "{cut:?}");
    }

    #[test]
    fn a_series_that_is_too_short_is_not_judged() {
        assert_eq!(mser(&[1.0; 5]), None);
    }
}
