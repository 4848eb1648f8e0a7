//! The parts of the response time by its length: sums of the parts in narrow bands of the response
//! time. The memory is fixed and recording allocates nothing; which bands lie below the
//! median and which above the 99th percentile is known only at the end, from their counts.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    sample::{Outcome, ResponseParts, Sample},
    units::Nanos,
};

/// Bands to an octave: each is at most an eighth wider than the one before.
const PER_OCTAVE: usize = 8;
/// Octaves of microseconds up to beyond the longest response that is recorded.
const OCTAVES: usize = 31;
/// Bands of the response time: 18 KB an operation.
const BANDS: usize = PER_OCTAVE * OCTAVES;

/// The parts of some responses, summed in microseconds. Together they are the response time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PartSums {
    /// Responses that were added.
    pub count: f64,
    /// Microseconds in each part.
    pub us: ResponseParts,
}

impl PartSums {
    /// The response times, summed.
    pub fn response(&self) -> f64 {
        self.us.values().sum()
    }

    fn add_sample(&mut self, sample: &Sample) {
        self.count += 1.0;
        for (mine, us) in self.us.values_mut().zip(sample.parts().into_values()) {
            *mine += us;
        }
    }

    fn add_share(&mut self, other: &Self, share: f64) {
        self.count += other.count * share;
        for (mine, theirs) in self.us.values_mut().zip(other.us.values()) {
            *mine += theirs * share;
        }
    }
}

/// The parts of one operation's responses.
#[derive(Debug, Clone)]
pub struct Breakdown {
    ok: Box<[PartSums; BANDS]>,
    failed: PartSums,
}

impl Default for Breakdown {
    fn default() -> Self {
        let mut ok = Vec::with_capacity(BANDS);
        // Written, so that the pages are in memory: zeros alone are only promised.
        ok.resize_with(BANDS, || std::hint::black_box(PartSums::default()));
        let ok: Result<Box<[PartSums; BANDS]>, _> = ok.try_into();
        Self {
            ok: ok.expect("there are as many as bands"),
            failed: PartSums::default(),
        }
    }
}

/// As it goes to other processes: the bands that have something, each with its number, and the failures.
impl Serialize for Breakdown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bands = self.ok.iter().enumerate();
        let bands: Vec<(usize, &PartSums)> = bands.filter(|(_, one)| one.count > 0.0).collect();
        (bands, &self.failed).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Breakdown {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (bands, failed) = <(Vec<(usize, PartSums)>, PartSums)>::deserialize(from)?;
        let mut breakdown = Self {
            failed,
            ..Self::default()
        };
        for (band, sums) in bands {
            let slot = breakdown.ok.get_mut(band);
            *slot.ok_or_else(|| D::Error::custom(format!("there is no band {band}")))? = sums;
        }
        Ok(breakdown)
    }
}

impl Breakdown {
    /// Counts one finished request.
    pub fn record(&mut self, sample: &Sample) {
        if sample.outcome == Outcome::Ok {
            self.ok[band(sample.response())].add_sample(sample);
        } else {
            self.failed.add_sample(sample);
        }
    }

    /// Adds what another shard or trial holds.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.ok.iter_mut().zip(other.ok.iter()) {
            mine.add_share(theirs, 1.0);
        }
        self.failed.add_share(&other.failed, 1.0);
    }

    /// The parts of the requests that failed, up to when that was known.
    pub fn failed(&self) -> PartSums {
        self.failed
    }

    /// The parts of the successes from one share of them to another, the fastest first:
    /// `between(0.99, 1.0)` is the slowest hundredth. A band that a limit cuts through counts on
    /// either side by how many of its responses lie there.
    pub fn between(&self, from: f64, to: f64) -> PartSums {
        let all: f64 = self.ok.iter().map(|band| band.count).sum();
        let (from, to) = (from * all, to * all);
        let mut seen = 0.0;
        let mut sums = PartSums::default();
        for band in self.ok.iter().filter(|band| band.count > 0.0) {
            let inside = (seen + band.count).min(to) - seen.max(from);
            if inside > 0.0 {
                sums.add_share(band, inside / band.count);
            }
            seen += band.count;
        }
        sums
    }
}

/// Which band a response time lies in.
fn band(response: Nanos) -> usize {
    let us = (response.0 / 1_000).max(1);
    let octave = us.ilog2() as usize;
    // The three bits below the highest one.
    let step = if octave >= 3 {
        (us >> (octave - 3)) as usize & (PER_OCTAVE - 1)
    } else {
        (us << (3 - octave)) as usize & (PER_OCTAVE - 1)
    };
    (octave * PER_OCTAVE + step).min(BANDS - 1)
}

#[cfg(test)]
mod tests {
    use enum_map::enum_map;
    use shared::timing::{ServerPart, ServerTiming};

    use super::*;
    use crate::{recorder::HIGHEST, sample::ResponsePart};

    fn sample(response_us: u64, before_us: u64, cost: Option<ServerTiming>) -> Sample {
        let at = |us: u64| Nanos(us * 1_000);
        Sample {
            admitted: at(before_us),
            sent: at(before_us),
            cost,
            ..Sample::answered(at(0), at(response_us))
        }
    }

    const POOL: ResponsePart = ResponsePart::Server(ServerPart::Pool);

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn bands_are_narrow_and_in_order_up_to_the_longest_response() {
        let mut last = 0;
        for us in 1_u64..300_000 {
            let now = band(Nanos(us * 1_000));
            assert!(now >= last, "{us}");
            last = now;
        }
        assert!(band(Nanos::from_secs(300)) < band(Nanos::from_secs(600)));
        assert!(band(HIGHEST) < BANDS - 1);
        assert_eq!(band(Nanos::from_secs(1_000_000)), BANDS - 1);
        assert_eq!(band(Nanos(0)), 0);
    }

    #[test]
    fn the_parts_of_a_response_sum_to_it() {
        let cost = ServerTiming {
            us: enum_map! {
                ServerPart::Admission => 300,
                ServerPart::Pool => 400,
                ServerPart::Db => 100,
                ServerPart::Redis => 10,
                ServerPart::Hash => 5,
            },
            total_us: 900,
            ..ServerTiming::default()
        };
        let mut breakdown = Breakdown::default();
        breakdown.record(&sample(1_200, 200, Some(cost)));
        let all = breakdown.between(0.0, 1.0);
        close(all.response(), 1_200.0);
        for (part, us) in [
            (ResponsePart::BeforeSend, 200.0),
            (ResponsePart::Server(ServerPart::Admission), 300.0),
            (ResponsePart::Server(ServerPart::Pool), 400.0),
            (ResponsePart::Server(ServerPart::Db), 100.0),
            (ResponsePart::Server(ServerPart::Redis), 10.0),
            (ResponsePart::Server(ServerPart::Hash), 5.0),
            (ResponsePart::Rest, 85.0),
            (ResponsePart::Outside, 100.0),
        ] {
            close(all.us[part], us);
        }
    }

    #[test]
    fn parts_that_overlap_in_time_never_exceed_the_response() {
        let cost = ServerTiming {
            us: enum_map! { ServerPart::Db | ServerPart::Redis => 900, _ => 0 },
            total_us: 950,
            ..ServerTiming::default()
        };
        let mut breakdown = Breakdown::default();
        breakdown.record(&sample(1_000, 0, Some(cost)));
        close(breakdown.between(0.0, 1.0).response(), 1_000.0);
    }

    #[test]
    fn the_slowest_hundredth_and_the_failures_are_kept_apart() {
        let mut breakdown = Breakdown::default();
        let waiting = ServerTiming {
            us: enum_map! { ServerPart::Pool => 9_000, _ => 0 },
            total_us: 9_000,
            ..ServerTiming::default()
        };
        for _ in 0..99 {
            breakdown.record(&sample(1_000, 0, None));
        }
        breakdown.record(&sample(10_000, 0, Some(waiting)));
        let mut failed = sample(2_000_000, 0, None);
        failed.outcome = Outcome::Timeout;
        breakdown.record(&failed);
        let slow = breakdown.between(0.99, 1.0);
        close(slow.count, 1.0);
        close(slow.us[POOL] / slow.response(), 0.9);
        let fast = breakdown.between(0.0, 0.5);
        close(fast.count, 50.0);
        close(fast.us[POOL], 0.0);
        close(breakdown.failed().us[ResponsePart::Outside], 2_000_000.0);
    }

    #[test]
    fn merging_shards_equals_recording_all_in_one() {
        let (mut one, mut two, mut both) = (
            Breakdown::default(),
            Breakdown::default(),
            Breakdown::default(),
        );
        for us in (1..200).map(|step| step * 777) {
            let sample = sample(us, us / 3, None);
            if us % 2 == 0 { &mut one } else { &mut two }.record(&sample);
            both.record(&sample);
        }
        one.merge(&two);
        let (merged, whole) = (one.between(0.5, 0.9), both.between(0.5, 0.9));
        close(merged.response(), whole.response());
        close(merged.count, whole.count);
    }
}
