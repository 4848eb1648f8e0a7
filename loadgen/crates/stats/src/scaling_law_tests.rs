//! The published fits of the universal scalability law.

use super::*;

/// SPEC SDM91, as in the tests of the R package `usl`.
const SPECSDM91: [(f64, f64); 7] = [
    (1.0, 64.9),
    (18.0, 995.9),
    (36.0, 1652.4),
    (72.0, 1853.2),
    (108.0, 1828.9),
    (144.0, 1775.0),
    (216.0, 1702.2),
];

fn near(found: f64, printed: f64, relative: f64) {
    assert!(
        (found - printed).abs() <= printed.abs() * relative,
        "{found} is not {printed}"
    );
}

#[test]
fn specsdm91_has_the_published_fit() {
    let fit = fit_scaling(ScalingLaw::Universal, &SPECSDM91).unwrap();
    near(fit.model.alpha, 2.773e-2, 2e-4);
    near(fit.model.beta, 1.044e-4, 5e-4);
    near(fit.model.gamma, 89.995, 1e-4);
    let errors = fit.standard_errors();
    near(errors[0], 9.122e-3, 5e-4);
    near(errors[1], 1.988e-5, 5e-4);
    near(errors[2], 14.21, 5e-4);
    near(fit.residual().unwrap(), 82.85, 1e-4);
    assert_eq!(fit.freedom, 4);
    for (point, printed) in SPECSDM91
        .iter()
        .zip([90.0, 1078.0, 1541.0, 1850.0, 1879.0, 1822.0, 1646.0])
    {
        near(fit.model.throughput(point.0), printed, 5e-4);
    }
    let peak = fit.model.peak().unwrap();
    near(peak, 96.519_56, 1e-4);
    near(fit.model.throughput(peak), 1884.0, 3e-4);
    near(fit.model.limit().unwrap(), 3_245.589, 1e-4);
}

#[test]
fn specsdm91_has_the_proper_intervals() {
    let fit = fit_scaling(ScalingLaw::Universal, &SPECSDM91).unwrap();
    let [alpha, beta, gamma] = fit.intervals().unwrap();
    near(alpha.0, 0.0024, 0.02);
    near(alpha.1, 0.0531, 2e-3);
    near(beta.0, 4.92e-5, 2e-3);
    near(beta.1, 1.595e-4, 1e-3);
    near(gamma.0, 50.5, 2e-3);
    near(gamma.1, 129.5, 2e-3);
}

#[test]
fn exact_points_give_back_their_parameters() {
    let points = [
        (1.0, 1.0),
        (2.0, 1.8868),
        (4.0, 3.0769),
        (6.0, 3.5294),
        (8.0, 3.5398),
        (10.0, 3.3557),
    ];
    let fit = fit_scaling(ScalingLaw::Universal, &points).unwrap();
    near(fit.model.alpha, 0.02, 2e-3);
    near(fit.model.beta, 0.02, 2e-3);
    near(fit.model.gamma, 1.0, 2e-3);
}

#[test]
fn parameters_stay_in_their_bounds_and_the_others_fit_as_well_as_without_them() {
    // Faster than a straight line: no contention explains it.
    let points: Vec<(f64, f64)> = (1..=8)
        .map(|n| (f64::from(n), f64::from(n).powf(1.2)))
        .collect();
    let fit = fit_scaling(ScalingLaw::Universal, &points).unwrap();
    assert!(
        fit.model.alpha.abs() < 1e-12 && fit.model.beta.abs() < 1e-12,
        "{fit:?}"
    );
    let line = fit_scaling(ScalingLaw::Linear, &points).unwrap();
    near(fit.model.gamma, line.model.gamma, 1e-6);
    assert_eq!(fit.model.peak(), None);
    assert_eq!(fit.standard_errors()[1].to_bits(), 0.0_f64.to_bits());
}

#[test]
fn too_few_points_and_points_of_nothing_have_no_fit() {
    assert_eq!(fit_scaling(ScalingLaw::Universal, &SPECSDM91[..2]), None);
    assert_eq!(fit_scaling(ScalingLaw::Linear, &[(0.0, 1.0)]), None);
    assert_eq!(fit_scaling(ScalingLaw::Linear, &[(1.0, f64::NAN)]), None);
}
