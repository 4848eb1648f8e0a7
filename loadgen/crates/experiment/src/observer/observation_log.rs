//! The observations while a trial runs: the newest as they are, older ones compressed and out of memory. An
//! observation is about 8 KB and there are two a second; even compressed they would be most of what the
//! generator's memory grows by. Neighbouring observations differ in few digits, which a compressor takes away.

use std::{
    io::{self, Read as _},
    time::SystemTime,
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::{
    by_second::SecondsAccumulator,
    timeline::{Observation, Timeline},
    window_accumulator::{WindowAccumulator, WindowFigures},
};
use crate::schema::Second;
use loadgen_engine::spool::Spool;

/// Observations that are compressed together.
const BLOCK: usize = 20;
/// Newest observations that stay as they are, ten seconds of them: what is shown on the way comes from the last
/// five seconds.
const NEWEST: usize = 20;

/// All observations of a trial that still runs, in order.
#[derive(Debug, Default)]
pub struct ObservationLog {
    /// Blocks of older observations, each a compressed JSON array behind its length.
    older: Spool,
    newest: Timeline,
}

impl ObservationLog {
    /// Adds one observation.
    pub fn push(&mut self, observation: Observation) {
        self.newest.push(observation);
        if self.newest.len() >= NEWEST + BLOCK
            && let Ok(packed) = packed(self.newest.oldest(BLOCK))
        {
            let buffer = self.older.buffer();
            buffer.extend((packed.len() as u64).to_le_bytes());
            buffer.extend(packed);
            self.newest.drop_oldest(BLOCK);
        }
    }

    /// The newest observations, those of the last ten seconds at least.
    pub const fn newest(&self) -> &Timeline {
        &self.newest
    }

    /// Why older observations stay in memory, in one sentence; absent where they do not.
    pub fn failure(&self) -> Option<&str> {
        self.older.failure()
    }

    /// What the observations say of a window, and, put into them, of the seconds of the trial, once it has ended.
    /// The observations are read one after the other: those of a day would take more than a gigabyte.
    ///
    /// # Errors
    /// The temporary file cannot be read, or what comes out of it is not what went in.
    pub fn figures(
        self,
        (from, to): (SystemTime, SystemTime),
        seconds: &mut [Second],
    ) -> io::Result<WindowFigures> {
        let mut window = WindowAccumulator::new(from, to);
        let mut accumulator = SecondsAccumulator::new(seconds, from);
        self.each(|observation| {
            accumulator.add(observation.clone());
            window.add(observation);
        })?;
        accumulator.finish();
        Ok(window.figures())
    }

    /// Hands every observation on, in order.
    fn each(self, mut see: impl FnMut(Observation)) -> io::Result<()> {
        let bytes = self.older.read()?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let mut length = [0; size_of::<u64>()];
            rest.read_exact(&mut length)?;
            let length = u64::from_le_bytes(length) as usize;
            let (block, later) = rest
                .split_at_checked(length)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            let observations: Vec<Observation> =
                serde_json::from_reader(io::BufReader::new(DeflateDecoder::new(block)))?;
            observations.into_iter().for_each(&mut see);
            rest = later;
        }
        self.newest.into_observations().for_each(see);
        Ok(())
    }
}

fn packed(observations: &[Observation]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut encoder, observations)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::observer::timeline::fixture::{at, observation};

    #[test]
    fn the_figures_are_those_of_observations_that_were_never_compressed() {
        let (mut log, mut plain) = (ObservationLog::default(), Timeline::default());
        for second in 0..500 {
            log.push(observation(second, second * 10));
            plain.push(observation(second, second * 10));
            let now = log.newest().last().map(|one| one.at);
            assert_eq!(now, Some(at(second)));
            assert!(log.newest().len() < NEWEST + BLOCK);
        }
        let lately = log.newest().lately(Duration::from_secs(5));
        let lately = lately.map(|(first, last)| (first.at, last.at));
        assert_eq!(lately, Some((at(494), at(499))));
        let mut seconds = vec![Second::default(); 400];
        for (number, one) in (0..).zip(&mut seconds) {
            one.second = number;
        }
        let mut expected = seconds.clone();
        let window = (at(3), at(480));
        let found = log.figures(window, &mut seconds).unwrap();
        assert_eq!(found.server, plain.server(at(3), at(480)));
        assert_eq!(found.server.requests, Some(4_770));
        let mut accumulator = SecondsAccumulator::new(&mut expected, at(3));
        plain
            .into_observations()
            .for_each(|one| accumulator.add(one));
        accumulator.finish();
        assert_eq!(seconds, expected);
        assert_eq!(seconds[7].pool_waiters, Some(11));
    }

    fn count(log: ObservationLog) -> usize {
        let mut count = 0;
        log.each(|_| count += 1).unwrap();
        count
    }

    #[test]
    fn of_an_hour_of_observations_only_the_newest_are_in_memory() {
        let mut log = ObservationLog::default();
        let begin = log.older.in_memory();
        for half_second in 0..2 * 3_600_u64 {
            log.push(observation(half_second, half_second * 50));
            assert!(log.newest.len() < NEWEST + BLOCK);
            assert_eq!(log.older.in_memory(), begin);
        }
        assert!(log.older.len() > begin as u64, "{}", log.older.len());
        assert_eq!(log.failure(), None);
        assert_eq!(count(log), 2 * 3_600);
    }

    #[test]
    fn an_observation_that_is_no_longer_near_takes_a_tenth_of_its_json_at_most() {
        let mut log = ObservationLog::default();
        for second in 0..(NEWEST + 10 * BLOCK) as u64 {
            log.push(observation(second, second * 10));
        }
        let packed = log.older.len() as usize;
        let json = serde_json::to_vec(&observation(400, 4_000)).unwrap().len();
        assert_eq!(log.newest.len(), NEWEST);
        assert!(packed < json * 10 * BLOCK / 10, "{packed} of {json} each");
    }
}
