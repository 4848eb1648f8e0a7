//! The universal scalability law (Gunther), and its fit by least squares.
//!
//! ```text
//! X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))
//! ```
//!
//! N is what is in the system at once, X what it completes a second. `gamma` is the speed of one alone,
//! `alpha` the share that waits for what others hold (contention), `beta` the cost of agreement between
//! each two (coherence). Without `beta` it is Amdahl's law, without both a straight line.
//!
//! The fit is Levenberg-Marquardt with the parameters kept in their bounds: alpha and beta from 0 to 1,
//! gamma above 0. A parameter at its bound is held there while the error would fall beyond it.

use super::distributions::t_quantile;

/// Most steps of a fit; they converge in about ten.
const MOST_STEPS: usize = 200;

/// The parameters of the law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingModel {
    /// Contention, 0 to 1.
    pub alpha: f64,
    /// Coherence, 0 to 1.
    pub beta: f64,
    /// Completed a second with one in the system.
    pub gamma: f64,
}

impl ScalingModel {
    /// Completed a second with `n` in the system.
    pub fn throughput(self, n: f64) -> f64 {
        self.gamma * n / self.divisor(n)
    }

    fn divisor(self, n: f64) -> f64 {
        1.0 + self.alpha * (n - 1.0) + self.beta * n * (n - 1.0)
    }

    /// How many in the system complete most; absent where more always complete more.
    pub fn peak(self) -> Option<f64> {
        (self.beta > 0.0).then(|| ((1.0 - self.alpha) / self.beta).sqrt())
    }

    /// What contention alone would allow however many are in the system: gamma / alpha.
    pub fn limit(self) -> Option<f64> {
        (self.alpha > 0.0).then(|| self.gamma / self.alpha)
    }
}

/// Which of the parameters are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalingLaw {
    /// All three.
    Universal,
    /// No coherence: beta is 0.
    Amdahl,
    /// Neither contention nor coherence.
    Linear,
}

/// A fitted law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingFit {
    /// The parameters.
    pub model: ScalingModel,
    /// Covariance of alpha, beta and gamma; rows of parameters that are not free or lie at a bound are 0.
    pub covariance: [[f64; 3]; 3],
    /// Sum of the squared differences.
    pub squares: f64,
    /// Points less free parameters.
    pub freedom: usize,
}

impl ScalingFit {
    /// Standard errors of alpha, beta and gamma; 0 where the parameter is not free or at a bound.
    pub fn standard_errors(&self) -> [f64; 3] {
        [0, 1, 2].map(|at| self.covariance[at][at].max(0.0).sqrt())
    }

    /// Standard deviation of the points about the law; absent without a degree of freedom.
    pub fn residual(&self) -> Option<f64> {
        (self.freedom > 0).then(|| (self.squares / self.freedom as f64).sqrt())
    }

    /// 95 % intervals of alpha, beta and gamma: +- t standard errors; absent without a degree of
    /// freedom. They are not cut at the bounds.
    pub fn intervals(&self) -> Option<[(f64, f64); 3]> {
        let t = t_quantile(0.975, self.freedom as f64)?;
        let values = [self.model.alpha, self.model.beta, self.model.gamma];
        let errors = self.standard_errors();
        Some([0, 1, 2].map(|at| {
            let half = t * errors[at];
            (values[at] - half, values[at] + half)
        }))
    }
}

/// Fits a law to points `(N, X)`; absent where there are fewer points than parameters, or a point has no
/// N or X above 0.
pub fn fit_scaling(law: ScalingLaw, points: &[(f64, f64)]) -> Option<ScalingFit> {
    let free: &[usize] = match law {
        ScalingLaw::Universal => &[0, 1, 2],
        ScalingLaw::Amdahl => &[0, 2],
        ScalingLaw::Linear => &[2],
    };
    let usable = |(n, x): &(f64, f64)| n.is_finite() && x.is_finite() && *n > 0.0 && *x > 0.0;
    if points.len() < free.len() || !points.iter().all(usable) {
        return None;
    }
    let fastest = points.iter().map(|(n, x)| x / n).fold(0.0, f64::max);
    let mut at = [0.0, 0.0, fastest];
    for index in free {
        at[*index] = [0.01, 1e-4, fastest][*index];
    }
    let mut squares = sum_of_squares(at, points);
    let mut damping = 1e-3;
    for _ in 0..MOST_STEPS {
        let (normal, gradient) = normal_equations(at, points);
        let moving: Vec<usize> = free
            .iter()
            .copied()
            .filter(|index| !is_held(at, &gradient, *index))
            .collect();
        let Some(step) = damped_step(&normal, &gradient, &moving, damping) else {
            break;
        };
        let mut next = at;
        for (index, by) in moving.iter().zip(&step) {
            next[*index] = bounded(*index, at[*index] + by);
        }
        let tried = sum_of_squares(next, points);
        if tried < squares {
            let gained = (squares - tried) / squares.max(f64::MIN_POSITIVE);
            (at, squares) = (next, tried);
            damping = (damping / 5.0).max(1e-12);
            if gained < 1e-14 {
                break;
            }
        } else {
            damping *= 4.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    Some(finished(at, squares, free, points))
}

/// The fit at its minimum, with the covariance of what is free there.
fn finished(at: [f64; 3], squares: f64, free: &[usize], points: &[(f64, f64)]) -> ScalingFit {
    let (normal, gradient) = normal_equations(at, points);
    let moving: Vec<usize> = free
        .iter()
        .copied()
        .filter(|index| !is_held(at, &gradient, *index))
        .collect();
    let freedom = points.len() - free.len();
    let mut covariance = [[0.0; 3]; 3];
    if freedom > 0 {
        let variance = squares / freedom as f64;
        for (column, of) in moving.iter().enumerate() {
            let mut unit = vec![0.0; moving.len()];
            unit[column] = 1.0;
            let rows = reduced(&normal, &moving, 0.0);
            for (row, value) in moving.iter().zip(solved(rows, unit).unwrap_or_default()) {
                covariance[*row][*of] = variance * value;
            }
        }
    }
    ScalingFit {
        model: model(at),
        covariance,
        squares,
        freedom,
    }
}

fn model(at: [f64; 3]) -> ScalingModel {
    let [alpha, beta, gamma] = at;
    ScalingModel { alpha, beta, gamma }
}

fn bounded(index: usize, value: f64) -> f64 {
    match index {
        2 => value.max(f64::MIN_POSITIVE),
        _ => value.clamp(0.0, 1.0),
    }
}

/// Whether a parameter lies at a bound that the error would push it across.
fn is_held(at: [f64; 3], gradient: &[f64; 3], index: usize) -> bool {
    index < 2
        && (at[index] <= 0.0 && gradient[index] <= 0.0
            || at[index] >= 1.0 && gradient[index] >= 0.0)
}

fn sum_of_squares(at: [f64; 3], points: &[(f64, f64)]) -> f64 {
    let law = model(at);
    points
        .iter()
        .map(|(n, x)| (x - law.throughput(*n)).powi(2))
        .sum()
}

/// J^T J, and J^T times the residuals: the direction in which the error falls.
fn normal_equations(at: [f64; 3], points: &[(f64, f64)]) -> ([[f64; 3]; 3], [f64; 3]) {
    let law = model(at);
    let (mut normal, mut gradient) = ([[0.0; 3]; 3], [0.0; 3]);
    for (n, x) in points {
        let divisor = law.divisor(*n);
        let slope = [
            -law.gamma * n * (n - 1.0) / (divisor * divisor),
            -law.gamma * n * n * (n - 1.0) / (divisor * divisor),
            n / divisor,
        ];
        let residual = x - law.throughput(*n);
        for row in 0..3 {
            gradient[row] += slope[row] * residual;
            for column in 0..3 {
                normal[row][column] += slope[row] * slope[column];
            }
        }
    }
    (normal, gradient)
}

fn damped_step(
    normal: &[[f64; 3]; 3],
    gradient: &[f64; 3],
    moving: &[usize],
    damping: f64,
) -> Option<Vec<f64>> {
    if moving.is_empty() {
        return None;
    }
    let rows = reduced(normal, moving, damping);
    solved(rows, moving.iter().map(|index| gradient[*index]).collect())
}

/// The rows and columns of the parameters that move, the diagonal enlarged by the damping.
fn reduced(normal: &[[f64; 3]; 3], moving: &[usize], damping: f64) -> Vec<Vec<f64>> {
    let entry = |row: usize, column: usize| {
        let value = normal[row][column];
        if row == column {
            value * (1.0 + damping)
        } else {
            value
        }
    };
    moving
        .iter()
        .map(|row| moving.iter().map(|column| entry(*row, *column)).collect())
        .collect()
}

/// Gaussian elimination with pivots; absent where the rows depend on each other. Rows are scaled to a
/// unit diagonal first, because beta and gamma differ by many orders of magnitude.
fn solved(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = rows.len();
    let scale: Vec<f64> = (0..size).map(|at| rows[at][at].sqrt()).collect();
    if scale.iter().any(|one| !one.is_finite() || *one <= 0.0) {
        return None;
    }
    for row in 0..size {
        right[row] /= scale[row];
        for column in 0..size {
            rows[row][column] /= scale[row] * scale[column];
        }
    }
    for at in 0..size {
        let pivot = (at..size).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        if rows[pivot][at].abs() < 1e-14 {
            return None;
        }
        rows.swap(at, pivot);
        right.swap(at, pivot);
        let (done, rest) = rows.split_at_mut(at + 1);
        let above = &done[at];
        for (below, row) in (at + 1..).zip(rest) {
            let factor = row[at] / above[at];
            for (value, known) in row.iter_mut().zip(above).skip(at) {
                *value -= factor * known;
            }
            right[below] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size)
            .map(|column| rows[at][column] * right[column])
            .sum();
        right[at] = (right[at] - known) / rows[at][at];
    }
    Some(
        right
            .iter()
            .zip(&scale)
            .map(|(value, scale)| value / scale)
            .collect(),
    )
}

#[cfg(test)]
#[path = "scaling_law_tests.rs"]
mod tests;
