//! What is run in the place of a part of an experiment that stayed INVALID: of a block, or of a replicate. Whether
//! trials are valid decides it, and no figure.

/// The lost parts that may be replaced, and how many were.
#[derive(Debug)]
pub(crate) struct Replacements<T> {
    lost: Vec<T>,
    made: u32,
}

impl<T> Replacements<T> {
    pub(crate) const fn none() -> Self {
        Self {
            lost: Vec::new(),
            made: 0,
        }
    }

    /// Notes a part that stayed invalid. Where it replaces another one, the next would not be valid either.
    pub(crate) fn lose(&mut self, part: T, replaces: bool) {
        if replaces {
            self.lost.clear();
        } else {
            self.lost.push(part);
        }
    }

    /// The next part that is replaced: a third of the planned ones at most.
    pub(crate) fn take(&mut self, planned: u32) -> Option<T> {
        let part = (self.made < planned / 3).then(|| self.lost.pop())??;
        self.made += 1;
        Some(part)
    }

    /// What a reader must know of them, where there were any: `what` is the name of a part.
    pub(crate) fn sentence(&self, what: &str, counted: usize, planned: u32) -> Option<String> {
        let made = self.made;
        (made > 0).then(|| {
            format!(
                "{made} {what}(s) with an INVALID trial were replaced: {counted} of {planned} planned {what}s count"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_is_replaced_and_none_after_a_replacement_that_stays_invalid() {
        let mut all = Replacements::none();
        (1..=5).for_each(|part| all.lose(part, false));
        let taken: Vec<u32> = std::iter::from_fn(|| all.take(9)).collect();
        assert_eq!(taken, [5, 4, 3]);
        let mut all = Replacements::none();
        (1..=2).for_each(|part| all.lose(part, false));
        let replaced = all.take(9).unwrap();
        all.lose(replaced, true);
        assert_eq!(all.take(9), None);
        let mut few = Replacements::none();
        few.lose(1, false);
        assert_eq!((few.take(2), few.sentence("block", 1, 2)), (None, None));
    }
}
