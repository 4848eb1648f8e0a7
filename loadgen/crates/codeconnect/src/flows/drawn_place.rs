//! A place in a list that an answer has yet to bring.

use rand::RngExt as _;

use loadgen_stats::seed::Chance;

/// A place in a list, drawn before the list is known, so that both arms of a block draw the same, whatever
/// they are answered. Each item of a list is as likely as the others to be there.
#[derive(Debug, Clone, Copy)]
pub struct DrawnPlace(f64);

impl DrawnPlace {
    /// Draws a place.
    pub fn draw(rng: &mut Chance) -> Self {
        Self(rng.random())
    }

    /// The index of the place in a list of that length; 0 where the list is empty.
    pub fn index(self, length: usize) -> usize {
        let index = (self.0 * length as f64) as usize;
        index.min(length.saturating_sub(1))
    }

    /// The item at the place; `None` where the list is empty.
    pub fn item<T>(self, items: &[T]) -> Option<&T> {
        items.get(self.index(items.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_in_every_list_that_is_not_empty() {
        for share in [0.0, 0.3, 1.0_f64.next_down()] {
            let place = DrawnPlace(share);
            for length in 1..1_000 {
                assert!(place.index(length) < length, "{share} of {length}");
            }
            assert_eq!(place.index(0), 0);
            assert_eq!(place.item::<u8>(&[]), None);
        }
    }

    #[test]
    fn each_item_is_as_likely_as_the_others() {
        let mut rng = Chance::nth(1, 0);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            let place = DrawnPlace::draw(&mut rng);
            counts[*place.item(&[0_usize, 1, 2, 3, 4]).unwrap()] += 1;
        }
        for count in counts {
            assert!((1_800..2_200).contains(&count), "{counts:?}");
        }
    }

    #[test]
    fn what_a_list_holds_changes_no_later_draw() {
        let next = |list: &[u8]| {
            let mut rng = Chance::nth(7, 3);
            let item = DrawnPlace::draw(&mut rng).item(list).copied();
            (item.is_some(), rng.random::<u64>())
        };
        let (none, some) = (next(&[]), next(&[1, 2, 3]));
        assert_eq!((none.0, some.0), (false, true));
        assert_eq!(none.1, some.1);
    }
}
