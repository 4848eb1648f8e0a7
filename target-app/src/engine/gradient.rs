//! How many requests at once leave response times near those of an idle server. Pure: instants in,
//! a limit out.
//!
//! The gradient controller of Envoy's adaptive concurrency filter, with its defaults where it has
//! some (docs: "Adaptive Concurrency", `gradient_controller_config`): every window compares the
//! median with a baseline that is measured from time to time at the lowest limit;
//!
//! ```text
//! gradient = clamp((baseline + 25 % of it) / median, 0.5, 2)
//! limit    = clamp(limit * gradient + sqrt(limit * gradient), 3, 1000)
//! ```
//!
//! Two differences: the limit grows only where it was used, so that an idle hour does not raise
//! it; and only requests that began in a window count for it.

use std::time::{Duration, Instant};

/// Concurrent requests while the baseline is measured (`min_concurrency`).
const LEAST: f64 = 3.0;
/// Most concurrent requests (`max_concurrency_limit`).
const MOST: f64 = 1_000.0;
/// Answers that make a baseline (`min_rtt_calc_params.request_count`).
const BASELINE_ANSWERS: usize = 50;
/// How long a baseline is good for (`min_rtt_calc_params.interval`, 60 s there).
const BASELINE_FOR: Duration = Duration::from_secs(30);
/// What a median may be above the baseline (`min_rtt_calc_params.buffer`).
const HEADROOM: f64 = 1.25;
/// Shortest window (`concurrency_update_interval`), and the fewest answers that one needs.
const WINDOW: Duration = Duration::from_millis(100);
const WINDOW_ANSWERS: usize = 10;
/// Most answers of a window that are kept: enough for its median.
const MOST_ANSWERS: usize = 512;

/// State of the controller.
#[derive(Debug)]
pub(super) struct Gradient {
    limit: f64,
    /// Microseconds; `None` while it is measured.
    baseline: Option<f64>,
    baseline_due: Instant,
    /// The limit to go on from after the baseline was measured.
    resume: f64,
    window_began: Instant,
    /// Microseconds of the window's answers.
    answers: Vec<u32>,
    /// Most concurrent requests in the window.
    peak: u32,
}

impl Gradient {
    /// Begins with a measurement of the baseline.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            limit: LEAST,
            baseline: None,
            baseline_due: now,
            // Where the first steps lead from is soon forgotten.
            resume: 16.0,
            window_began: now,
            answers: Vec::with_capacity(MOST_ANSWERS),
            peak: 0,
        }
    }

    /// Most concurrent requests.
    pub(super) fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// Takes an answer into account: when its request was admitted, when it was answered, and how
    /// many requests were in flight then, itself included.
    pub(super) fn observe(&mut self, since: Instant, now: Instant, in_flight: u32) {
        self.peak = self.peak.max(in_flight);
        // A request from an earlier window ran under another limit.
        if since < self.window_began {
            return;
        }
        if self.answers.len() < MOST_ANSWERS {
            let took = now.saturating_duration_since(since).as_micros();
            self.answers.push(u32::try_from(took).unwrap_or(u32::MAX));
        }
        match self.baseline {
            None if self.answers.len() >= BASELINE_ANSWERS => {
                self.baseline = Some(self.median());
                self.baseline_due = now + BASELINE_FOR;
                self.limit = self.resume;
                self.begin_window(now);
            }
            Some(baseline)
                if self.answers.len() >= WINDOW_ANSWERS
                    && now.saturating_duration_since(self.window_began) >= WINDOW =>
            {
                self.step(baseline);
                if now >= self.baseline_due {
                    self.baseline = None;
                    self.resume = self.limit;
                    self.limit = LEAST;
                }
                self.begin_window(now);
            }
            _ => {}
        }
    }

    fn step(&mut self, baseline: f64) {
        let gradient = (baseline * HEADROOM / self.median()).clamp(0.5, 2.0);
        let scaled = self.limit * gradient;
        let next = (scaled + scaled.sqrt()).clamp(LEAST, MOST);
        if next < self.limit || f64::from(self.peak) * 2.0 >= self.limit {
            self.limit = next;
        }
    }

    fn begin_window(&mut self, now: Instant) {
        self.window_began = now;
        self.answers.clear();
        self.peak = 0;
    }

    /// Microseconds, at least one.
    fn median(&mut self) -> f64 {
        let middle = self.answers.len() / 2;
        let (_, median, _) = self.answers.select_nth_unstable(middle);
        f64::from((*median).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that works on `cores` requests at once, 10 ms each, and is sent more than that:
    /// as many as the limit admits are always in flight.
    fn saturated(gradient: &mut Gradient, mut now: Instant, cores: u32, span: Duration) -> Instant {
        let end = now + span;
        while now < end {
            let in_flight = gradient.limit();
            let took = Duration::from_millis(10) * in_flight.div_ceil(cores);
            let since = now;
            now += took;
            for _ in 0..in_flight {
                gradient.observe(since, now, in_flight);
            }
        }
        now
    }

    #[test]
    fn under_overload_it_settles_near_what_the_server_can_work_on() {
        for cores in [8, 64] {
            let start = Instant::now();
            let mut gradient = Gradient::new(start);
            saturated(&mut gradient, start, cores, Duration::from_secs(20));
            let limit = gradient.limit();
            assert!(
                (cores / 2..=cores * 3).contains(&limit),
                "{limit} at once for {cores} cores"
            );
        }
    }

    #[test]
    fn it_follows_a_server_that_became_slower_and_recovers_with_it() {
        let start = Instant::now();
        let mut gradient = Gradient::new(start);
        let now = saturated(&mut gradient, start, 64, Duration::from_secs(20));
        let wide = gradient.limit();
        let now = saturated(&mut gradient, now, 8, Duration::from_secs(20));
        let narrow = gradient.limit();
        assert!(narrow * 2 < wide, "{narrow} after {wide}");
        saturated(&mut gradient, now, 64, Duration::from_secs(20));
        assert!(gradient.limit() > narrow * 2);
    }

    #[test]
    fn a_limit_that_is_not_used_does_not_grow() {
        let start = Instant::now();
        let mut gradient = Gradient::new(start);
        let mut now = start;
        for _ in 0..2_000 {
            let since = now;
            now += Duration::from_millis(10);
            gradient.observe(since, now, 1);
        }
        assert!(gradient.limit() <= 17, "{}", gradient.limit());
    }

    #[test]
    fn the_baseline_is_measured_again_with_few_requests_in_flight() {
        let start = Instant::now();
        let mut gradient = Gradient::new(start);
        assert_eq!(gradient.limit(), 3);
        let mut now = start;
        let mut measured = 0;
        while now < start + Duration::from_secs(70) {
            if gradient.baseline.is_none() {
                measured += 1;
            }
            now = saturated(&mut gradient, now, 8, Duration::from_millis(1));
        }
        assert!(measured > 20, "{measured}");
        assert!(gradient.limit() >= 3);
    }
}
