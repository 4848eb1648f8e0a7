//! Where a curve bends. Which load is the knee depends on the question, so each rule has its own name;
//! none of them decides anything by itself (the eye's knee moves with the scale of the axes).

/// Sensitivity of Kneedle: how many mean steps the curve must fall below its largest distance from the
/// straight line before a knee is called one (Satopaa et al. 2011 use 1).
const SENSITIVITY: f64 = 1.0;

/// The load with the largest power, load / response time (Kleinrock), of points `(load, response)`:
/// where a ray from the origin touches the curve. Absent without a point above 0.
pub fn power_knee(points: &[(f64, f64)]) -> Option<f64> {
    points
        .iter()
        .filter(|(load, response)| *load > 0.0 && *response > 0.0 && response.is_finite())
        .max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
        .map(|(load, _)| *load)
}

/// The knee of a rising curve that flattens (Kneedle, without smoothing): the first largest distance
/// from the straight line between its ends, where the curve afterwards falls back towards that line.
/// `points` are `(x, y)` in order of x; absent for a curve without a knee.
pub fn kneedle(points: &[(f64, f64)]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    let lowest = points.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let highest = points
        .iter()
        .map(|(_, y)| *y)
        .fold(f64::NEG_INFINITY, f64::max);
    let (width, height) = (last.0 - first.0, highest - lowest);
    if points.len() < 3 || !(width > 0.0 && height > 0.0) {
        return None;
    }
    let distances: Vec<f64> = points
        .iter()
        .map(|(x, y)| (y - lowest) / height - (x - first.0) / width)
        .collect();
    let step = 1.0 / (points.len() - 1) as f64;
    let is_peak =
        |at: usize| distances[at] >= distances[at - 1] && distances[at] >= distances[at + 1];
    let peaks: Vec<usize> = (1..points.len() - 1).filter(|at| is_peak(*at)).collect();
    peaks.iter().enumerate().find_map(|(index, peak)| {
        let threshold = distances[*peak] - SENSITIVITY * step;
        let end = peaks.get(index + 1).copied().unwrap_or(points.len());
        let falls = distances[peak + 1..end].iter().any(|one| *one < threshold);
        falls.then_some(points[*peak].0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_power_lies_where_theory_says() {
        // R = 1 / (1 - rho^m) has its largest power at (m + 1)^(-1/m): 0.5 for m = 1, 0.7598 for m = 8.
        for (m, knee) in [(1, 0.5), (8, 0.7598)] {
            let points: Vec<(f64, f64)> = (1..1_000)
                .map(|k| f64::from(k) / 1_000.0)
                .map(|rho| (rho, 1.0 / (1.0 - rho.powi(m))))
                .collect();
            assert!((power_knee(&points).unwrap() - knee).abs() < 2e-3, "{m}");
        }
        assert_eq!(power_knee(&[(0.0, 1.0), (1.0, f64::INFINITY)]), None);
    }

    #[test]
    fn kneedle_finds_the_knee_of_its_paper() {
        // Figure 2: y = -1 / (x + 0.1) + 5 at ten points has its knee at 0.22.
        let points: Vec<(f64, f64)> = (0..10)
            .map(|k| f64::from(k) / 9.0)
            .map(|x| (x, 5.0 - 1.0 / (x + 0.1)))
            .collect();
        assert!((kneedle(&points).unwrap() - 0.22).abs() < 0.01);
    }

    #[test]
    fn a_straight_line_and_two_points_have_no_knee() {
        let line: Vec<(f64, f64)> = (0..9).map(|k| (f64::from(k), 2.0 * f64::from(k))).collect();
        assert_eq!(kneedle(&line), None);
        assert_eq!(kneedle(&line[..2]), None);
        assert_eq!(kneedle(&[]), None);
    }
}
