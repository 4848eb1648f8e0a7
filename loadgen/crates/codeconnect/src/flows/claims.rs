//! What one virtual user has for itself during an iteration, so that no other one disturbs it.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Numbers of things that are in use.
#[derive(Debug, Default)]
pub struct Claims(Mutex<HashSet<u32>>);

/// A thing in use, until this is dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    claims: &'a Claims,
    number: u32,
}

impl Claims {
    /// The first of these things that is not in use, which it is then.
    pub fn first(&self, mut numbers: impl Iterator<Item = u32>) -> Option<Claim<'_>> {
        let mut used = self.used();
        let number = numbers.find(|number| used.insert(*number))?;
        Some(Claim {
            claims: self,
            number,
        })
    }

    fn used(&self) -> MutexGuard<'_, HashSet<u32>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Which thing.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.claims.used().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_used_by_one_at_a_time() {
        let claims = Claims::default();
        let first = claims.first(0..2).unwrap();
        let second = claims.first(0..2).unwrap();
        assert_eq!((first.number(), second.number()), (0, 1));
        assert!(claims.first(0..2).is_none());
        drop(first);
        assert_eq!(claims.first(0..2).unwrap().number(), 0);
    }
}
