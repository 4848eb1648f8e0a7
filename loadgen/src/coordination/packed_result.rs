//! A result on its way through Redis: compressed JSON in pieces of a bounded size and number.

use std::io::Read as _;

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::CoordinationError,
    message::{MOST_PIECE, MOST_PIECES},
};

/// Largest result, unpacked. The ledger is most of it: two hundred thousand entries of each kind.
const MOST_PLAIN: u64 = 512 << 20;

/// The pieces of a value.
pub(super) fn pack(value: &impl Serialize) -> Result<Vec<Vec<u8>>, CoordinationError> {
    let foreign = |why: String| CoordinationError::Foreign(why);
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(std::io::BufWriter::new(&mut packer), value)
        .map_err(|error| foreign(error.to_string()))?;
    let packed = packer
        .finish()
        .map_err(|error| foreign(error.to_string()))?;
    if packed.len() > MOST_PIECE * MOST_PIECES as usize {
        return Err(foreign(format!(
            "a result of {} bytes is too large: shorten the load, or use more workers",
            packed.len()
        )));
    }
    Ok(packed.chunks(MOST_PIECE).map(<[u8]>::to_vec).collect())
}

/// Pieces that have come of a result.
#[derive(Debug, Default)]
pub(super) struct PieceSet {
    pieces: Vec<Option<Vec<u8>>>,
}

impl PieceSet {
    /// Adds a piece, in any order; one that is there already changes nothing. The bounds of a single
    /// piece are checked where it is read.
    pub(super) fn add(&mut self, number: u32, of: u32, piece: Vec<u8>) -> Result<(), String> {
        if self.pieces.is_empty() {
            self.pieces = vec![None; of as usize];
        }
        if self.pieces.len() != of as usize {
            return Err(format!(
                "a result has {} pieces, and then {of}",
                self.pieces.len()
            ));
        }
        match self.pieces.get_mut(number as usize) {
            Some(slot) => {
                slot.get_or_insert(piece);
                Ok(())
            }
            None => Err(format!("there is no piece {number} of {of}")),
        }
    }

    /// Whether all pieces are there.
    pub(super) fn is_complete(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(Option::is_some)
    }

    /// The value, once all pieces are there; they are given away.
    pub(super) fn unpack<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let packed: Vec<u8> = std::mem::take(&mut self.pieces)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let mut plain = Vec::new();
        DeflateDecoder::new(&packed[..])
            .take(MOST_PLAIN + 1)
            .read_to_end(&mut plain)
            .map_err(|error| format!("a result cannot be unpacked: {error}"))?;
        if plain.len() as u64 > MOST_PLAIN {
            return Err(format!("a result has more than {MOST_PLAIN} bytes"));
        }
        serde_json::from_slice(&plain).map_err(|error| format!("a result cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that does not compress.
    fn noise(length: usize) -> String {
        let mut state = 1_u64;
        let letter = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'0' + (state >> 58) as u8)
        };
        (0..length).map(letter).collect()
    }

    #[test]
    fn a_result_in_pieces_comes_back_in_whatever_order_they_come() {
        let value = noise(2 * MOST_PIECE);
        let pieces = pack(&value).unwrap();
        let of = pieces.len() as u32;
        assert!(of > 1 && pieces.iter().all(|one| one.len() <= MOST_PIECE));
        let mut set = PieceSet::default();
        for (number, piece) in (0..of).zip(&pieces).rev() {
            assert!(!set.is_complete());
            set.add(number, of, piece.clone()).unwrap();
            // As after a lost connection.
            set.add(number, of, piece.clone()).unwrap();
        }
        assert!(set.is_complete());
        assert_eq!(set.unpack::<String>().unwrap(), value);
    }

    #[test]
    fn pieces_that_do_not_belong_together_are_refused() {
        let mut set = PieceSet::default();
        set.add(0, 2, vec![1]).unwrap();
        assert!(set.add(1, 3, vec![1]).unwrap_err().contains("and then 3"));
        assert!(set.add(2, 2, vec![1]).unwrap_err().contains("no piece 2"));
        set.add(1, 2, vec![255]).unwrap();
        assert!(set.unpack::<String>().is_err());
    }
}
