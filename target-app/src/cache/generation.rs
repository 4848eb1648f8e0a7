//! What all requests share and some find lost, such as a connection.

/// A value that others take the place of, and its number: whoever holds an older one must not end a newer one.
pub(super) struct Generation<T> {
    value: Option<T>,
    number: u64,
}

impl<T: Clone> Generation<T> {
    /// No value yet.
    pub(super) const fn none() -> Self {
        Self {
            value: None,
            number: 0,
        }
    }

    /// The value, and the number that ends it.
    pub(super) fn get(&self) -> Option<(T, u64)> {
        Some((self.value.clone()?, self.number))
    }

    /// Puts a value in the place of the one before; returns it with its number.
    pub(super) fn put(&mut self, value: T) -> (T, u64) {
        self.number += 1;
        self.value = Some(value.clone());
        (value, self.number)
    }

    /// Ends the value if it still has that number.
    pub(super) fn end(&mut self, number: u64) {
        if self.number == number {
            self.value = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lost_an_older_value_does_not_end_a_newer_one() {
        let mut shared = Generation::none();
        assert_eq!(shared.get(), None);
        let (_, older) = shared.put('a');
        assert_eq!(shared.get(), Some(('a', older)));
        shared.end(older);
        assert_eq!(shared.get(), None);
        let (_, newer) = shared.put('b');
        shared.end(older);
        assert_eq!(shared.get(), Some(('b', newer)));
        shared.end(newer);
        assert_eq!(shared.get(), None);
    }
}
