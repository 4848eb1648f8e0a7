//! The last minutes of the load, point by point.

use std::{
    array,
    collections::VecDeque,
    time::{Duration, Instant},
};

use loadgen_experiment::events::Tick;
use loadgen_report::render::definition::{COMPLETED, IN_FLIGHT, PERCENTILES};

/// How far back the points go.
const MEMORY: Duration = Duration::from_mins(5);
/// Most points that are kept, however often ticks come.
const MOST: usize = 1_500;
/// Time without a point from which a curve is not drawn on.
const GAP_S: f64 = 3.0;
/// What an axis of time may cover, in seconds.
const SPANS: [f64; 4] = [30.0, 60.0, 120.0, 300.0];
/// Heights of a column of one line.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The figures of one tick that are drawn over time.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimelinePoint {
    at: Instant,
    /// The percentiles of the response time in milliseconds.
    times_ms: [Option<f64>; PERCENTILES.len()],
    /// Requests a second that were completed.
    pub(super) completed: Option<f64>,
    /// Requests under way.
    pub(super) in_flight: Option<f64>,
}

/// The points, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct RecentTimeline(VecDeque<TimelinePoint>);

impl RecentTimeline {
    /// Adds a tick.
    pub(super) fn push(&mut self, tick: &Tick, at: Instant) {
        while self.0.len() >= MOST
            || self
                .0
                .front()
                .is_some_and(|first| at.duration_since(first.at) > MEMORY)
        {
            self.0.pop_front();
        }
        self.0.push_back(TimelinePoint {
            at,
            times_ms: PERCENTILES.map(|(_, series)| (series.of_tick)(tick)),
            completed: (COMPLETED.of_tick)(tick),
            in_flight: (IN_FLIGHT.of_tick)(tick),
        });
    }

    /// Seconds that an axis of time should cover now.
    pub(super) fn span_s(&self, now: Instant) -> f64 {
        let oldest = self.0.front().map_or(0.0, |first| age_s(first, now));
        let fits = |span: &f64| *span >= oldest;
        SPANS.into_iter().find(fits).unwrap_or(SPANS[3])
    }

    /// The curves of the percentiles: pieces of points `(seconds before now as a negative number,
    /// milliseconds)`. A pause of the load and a time that nothing was measured in end a piece.
    pub(super) fn curves(&self, now: Instant) -> [Vec<Vec<(f64, f64)>>; PERCENTILES.len()] {
        array::from_fn(|rank| {
            let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
            let mut last = f64::NEG_INFINITY;
            for point in &self.0 {
                let second = -age_s(point, now);
                let Some(ms) = point.times_ms[rank].filter(|ms| ms.is_finite() && *ms > 0.0) else {
                    last = f64::NEG_INFINITY;
                    continue;
                };
                match pieces.last_mut() {
                    Some(piece) if second - last <= GAP_S => piece.push((second, ms)),
                    _ => pieces.push(vec![(second, ms)]),
                }
                last = second;
            }
            pieces
        })
    }

    /// A figure of the last `span_s` seconds as one line of columns; blank where there is none.
    pub(super) fn columns(
        &self,
        now: Instant,
        span_s: f64,
        width: usize,
        figure: impl Fn(&TimelinePoint) -> Option<f64>,
    ) -> String {
        let mut most = vec![None::<f64>; width];
        for point in &self.0 {
            let place = (1.0 - age_s(point, now) / span_s) * width as f64;
            let Some(value) = figure(point).filter(|value| value.is_finite()) else {
                continue;
            };
            if let Some(column) = (place >= 0.0)
                .then(|| most.get_mut((place as usize).min(width.saturating_sub(1))))
                .flatten()
            {
                *column = Some(column.map_or(value, |seen| seen.max(value)));
            }
        }
        // Points may come more rarely than there are columns.
        let reach = (GAP_S / span_s * width as f64) as usize;
        let mut last = None;
        for (place, column) in most.iter_mut().enumerate() {
            if column.is_some() {
                last = Some((place, *column));
            } else if let Some((_, value)) = last.filter(|(seen, _)| place - seen <= reach) {
                *column = value;
            }
        }
        let top = most.iter().flatten().copied().fold(0.0, f64::max);
        most.into_iter()
            .map(|column| match column {
                None => ' ',
                Some(value) if top > 0.0 => {
                    EIGHTHS[((value / top * 8.0).ceil() as usize).clamp(1, 8) - 1]
                }
                Some(_) => EIGHTHS[0],
            })
            .collect()
    }
}

impl TimelinePoint {
    /// The 95th percentile in milliseconds.
    pub(super) fn p95_ms(&self) -> Option<f64> {
        self.times_ms[1]
    }
}

fn age_s(point: &TimelinePoint, now: Instant) -> f64 {
    now.saturating_duration_since(point.at).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(ms: f64) -> Tick {
        Tick {
            p50_ms: Some(ms),
            achieved: ms,
            ..Tick::default()
        }
    }

    #[test]
    fn a_pause_is_not_bridged_and_what_is_old_is_forgotten() {
        let start = Instant::now();
        let mut timeline = RecentTimeline::default();
        for second in [0, 1, 2, 10, 11] {
            timeline.push(&tick(5.0), start + Duration::from_secs(second));
        }
        let now = start + Duration::from_secs(12);
        let [p50, p95, _] = timeline.curves(now);
        assert_eq!(p50.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
        assert!(p95.is_empty());
        assert!((p50[1][1].0 + 1.0).abs() < 1e-9);
        assert!((timeline.span_s(now) - 30.0).abs() < 1e-9);
        timeline.push(&tick(5.0), start + Duration::from_secs(309));
        assert_eq!(timeline.0.len(), 3);
        for _ in 0..3 * MOST {
            timeline.push(&tick(5.0), start + Duration::from_secs(310));
        }
        assert_eq!(timeline.0.len(), MOST);
    }

    #[test]
    fn columns_stand_where_their_time_is() {
        let start = Instant::now();
        let mut timeline = RecentTimeline::default();
        timeline.push(&tick(4.0), start + Duration::from_secs(25));
        timeline.push(&tick(8.0), start + Duration::from_secs(29));
        let now = start + Duration::from_secs(30);
        let line = timeline.columns(now, 30.0, 30, |point| point.completed);
        assert_eq!(line.chars().count(), 30);
        assert!(line.ends_with("▄▄▄▄█"), "{line}");
        assert!(line.starts_with("    "));
    }
}
