//! The looks while a trial runs: the newest as they are, older ones compressed. A look is about
//! 8 KB and there are two a second, so that whole ones would be most of the generator's memory
//! after an hour; neighbouring looks differ in few digits, which a compressor takes away.

use std::io;

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::timeline::{Observation, Timeline};

/// Looks that are compressed together: half a minute of them.
const BLOCK: usize = 60;
/// Newest looks that stay as they are: what is shown on the way comes from the last seconds.
const NEWEST: usize = 60;

/// All looks of a trial that still runs, in order.
#[derive(Debug, Default)]
pub struct LookLog {
    /// Blocks of older looks, each a compressed JSON array.
    older: Vec<Vec<u8>>,
    newest: Timeline,
}

impl LookLog {
    /// Adds one look.
    pub fn push(&mut self, look: Observation) {
        self.newest.push(look);
        if self.newest.len() >= NEWEST + BLOCK
            && let Ok(packed) = packed(self.newest.oldest(BLOCK))
        {
            self.older.push(packed);
            self.newest.drop_oldest(BLOCK);
        }
    }

    /// The newest looks, those of the last half minute at least.
    pub const fn newest(&self) -> &Timeline {
        &self.newest
    }

    /// Every look, once the trial has ended.
    ///
    /// # Errors
    /// A block that cannot be read, which only memory that was damaged makes.
    pub fn whole(self) -> io::Result<Timeline> {
        let mut timeline = Timeline::default();
        for block in &self.older {
            let looks: Vec<Observation> =
                serde_json::from_reader(io::BufReader::new(DeflateDecoder::new(&block[..])))?;
            for look in looks {
                timeline.push(look);
            }
        }
        timeline.append(self.newest);
        Ok(timeline)
    }
}

fn packed(looks: &[Observation]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut encoder, looks)?;
    let mut bytes = encoder.finish()?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::observer::timeline::fixture::{at, look};

    #[test]
    fn the_figures_are_those_of_looks_that_were_never_compressed() {
        let (mut log, mut plain) = (LookLog::default(), Timeline::default());
        for second in 0..500 {
            log.push(look(second, second * 10));
            plain.push(look(second, second * 10));
            let now = log.newest().last().map(|one| one.at);
            assert_eq!(now, Some(at(second)));
            assert!(log.newest().len() < NEWEST + BLOCK);
        }
        let lately = log.newest().lately(Duration::from_secs(5));
        let lately = lately.map(|(first, last)| (first.at, last.at));
        assert_eq!(lately, Some((at(494), at(499))));
        let whole = log.whole().unwrap();
        assert_eq!(whole.len(), 500);
        assert_eq!(whole.oldest(500), plain.oldest(500));
        assert_eq!(whole.server(at(3), at(480)), plain.server(at(3), at(480)));
    }

    #[test]
    fn a_look_that_is_no_longer_near_takes_a_tenth_of_its_json_at_most() {
        let mut log = LookLog::default();
        for second in 0..(NEWEST + 10 * BLOCK) as u64 {
            log.push(look(second, second * 10));
        }
        let packed: usize = log.older.iter().map(Vec::len).sum();
        let json = serde_json::to_vec(&look(400, 4_000)).unwrap().len();
        assert_eq!(log.older.len(), 10);
        assert!(packed < json * 10 * BLOCK / 10, "{packed} of {json} each");
    }
}
