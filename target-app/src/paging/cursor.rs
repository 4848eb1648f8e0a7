//! Where a list goes on, as one opaque word.
//!
//! Layout before base64url, numbers big-endian: version (1), order (1), kind (1), number of the
//! page that starts here (4), and for a keyset cursor the last row's sort key (8) and id (16);
//! then the first four bytes of the SHA-256 of all that. The check finds words that were cut or
//! altered; it is no signature, because a cursor opens nothing that its reader may not see.
//! A list numbers its own orders.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A row's position in an order: its sort key and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// A number that grows with the order: hundredths, cents, or microseconds since 1970.
    pub key: i64,
    /// Breaks ties.
    pub id: Uuid,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// At a numbered page, from 1.
    Page(u32),
    /// Behind the last row of the page before.
    After {
        /// Number of the page that begins here.
        page: u32,
        /// The last row of the page before.
        position: Position,
    },
}

impl PageStart {
    /// Number of the page, from 1.
    pub const fn page(&self) -> u32 {
        match self {
            Self::Page(page) | Self::After { page, .. } => *page,
        }
    }
}

const VERSION: u8 = 1;
const NUMBERED: u8 = 0;
const KEYSET: u8 = 1;
/// Bytes before the position.
const HEAD: usize = 7;
/// Bytes of the check.
const CHECK: usize = 4;
/// Microseconds of the last instant that a cursor may name, in the year 9999.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Writes the cursor of the page that starts at `start`.
pub fn encode(order: u8, start: &PageStart) -> String {
    let mut bytes = Vec::with_capacity(HEAD + 24 + CHECK);
    bytes.extend([VERSION, order]);
    match start {
        PageStart::Page(page) => {
            bytes.push(NUMBERED);
            bytes.extend(page.to_be_bytes());
        }
        PageStart::After { page, position } => {
            bytes.push(KEYSET);
            bytes.extend(page.to_be_bytes());
            bytes.extend(position.key.to_be_bytes());
            bytes.extend(position.id.as_bytes());
        }
    }
    let check = Sha256::digest(&bytes);
    bytes.extend(&check[..CHECK]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor: its order and start. `None` for a word that [`encode`] did not write.
pub fn decode(word: &str) -> Option<(u8, PageStart)> {
    let bytes = URL_SAFE_NO_PAD.decode(word).ok()?;
    let (content, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
    if Sha256::digest(content)[..CHECK] != *check {
        return None;
    }
    let (head, rest) = content.split_at_checked(HEAD)?;
    let [VERSION, order, kind, page @ ..] = head else {
        return None;
    };
    let page = u32::from_be_bytes(page.try_into().ok()?);
    if page == 0 {
        return None;
    }
    let start = match (*kind, rest.len()) {
        (NUMBERED, 0) => PageStart::Page(page),
        (KEYSET, 24) => {
            let key = i64::from_be_bytes(rest[..8].try_into().ok()?);
            if !(0..=LAST_MICROS).contains(&key) {
                return None;
            }
            let id = Uuid::from_slice(&rest[8..]).ok()?;
            PageStart::After {
                page,
                position: Position { key, id },
            }
        }
        _ => return None,
    };
    Some((*order, start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn starts() -> impl Strategy<Value = PageStart> {
        let position = (0..=LAST_MICROS, any::<u128>()).prop_map(|(key, id)| Position {
            key,
            id: Uuid::from_u128(id),
        });
        prop_oneof![
            (1..=u32::MAX).prop_map(PageStart::Page),
            (1..=u32::MAX, position)
                .prop_map(|(page, position)| PageStart::After { page, position }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_cursor_reads_back_as_it_was_written(start in starts(), order in any::<u8>()) {
            let word = encode(order, &start);
            prop_assert!(word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(decode(&word), Some((order, start)));
        }

        #[test]
        fn an_altered_cursor_is_refused(start in starts(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let mut bytes = URL_SAFE_NO_PAD.decode(encode(0, &start)).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn no_word_makes_the_reader_panic(word in prop_oneof![".{0,80}", "[A-Za-z0-9_-]{0,60}"]) {
            let _ = decode(&word);
        }

        #[test]
        fn what_a_word_with_a_right_check_opens_is_within_bounds(
            mut bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                (any::<u8>(), 0..3_u8, prop::collection::vec(any::<u8>(), 4..=28))
                    .prop_map(|(order, kind, rest)| [vec![VERSION, order, kind], rest].concat()),
            ],
        ) {
            let check = Sha256::digest(&bytes);
            bytes.extend(&check[..CHECK]);
            let word = URL_SAFE_NO_PAD.encode(bytes);
            if let Some((order, start)) = decode(&word) {
                prop_assert!(start.page() >= 1);
                if let PageStart::After { position, .. } = start {
                    prop_assert!((0..=LAST_MICROS).contains(&position.key));
                }
                prop_assert_eq!(encode(order, &start), word);
            }
        }
    }

    #[test]
    fn a_cursor_that_was_cut_is_refused() {
        let start = PageStart::After {
            page: 2,
            position: Position {
                key: 487,
                id: Uuid::from_u128(7),
            },
        };
        let word = encode(0, &start);
        for length in 0..word.len() {
            assert_eq!(decode(&word[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_page_or_key_that_no_list_has_is_refused() {
        assert_eq!(decode(&encode(0, &PageStart::Page(0))), None);
        for key in [-1, LAST_MICROS + 1] {
            let start = PageStart::After {
                page: 2,
                position: Position {
                    key,
                    id: Uuid::nil(),
                },
            };
            assert_eq!(decode(&encode(3, &start)), None);
        }
    }
}
