//! What one virtual user has for itself during an iteration, so that no other one disturbs it.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Numbers of things that are in use.
#[derive(Debug, Default)]
pub struct Reservations(Mutex<HashSet<u32>>);

/// A thing in use, until this is dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    all: &'a Reservations,
    number: u32,
}

impl Reservations {
    /// The first of these things that is not in use, which it is then.
    pub fn first(&self, mut numbers: impl Iterator<Item = u32>) -> Option<Reservation<'_>> {
        let mut used = self.used();
        let number = numbers.find(|number| used.insert(*number))?;
        Some(Reservation { all: self, number })
    }

    fn used(&self) -> MutexGuard<'_, HashSet<u32>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation<'_> {
    /// Which thing.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.all.used().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_used_by_one_at_a_time() {
        let all = Reservations::default();
        let first = all.first(0..2).unwrap();
        let second = all.first(0..2).unwrap();
        assert_eq!((first.number(), second.number()), (0, 1));
        assert!(all.first(0..2).is_none());
        drop(first);
        assert_eq!(all.first(0..2).unwrap().number(), 0);
    }
}
