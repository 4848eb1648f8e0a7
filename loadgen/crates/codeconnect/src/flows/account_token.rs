//! The token of a signed-in account. One that would end while load runs is replaced for all who hold it.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// A token that may be replaced; its clones share it.
#[derive(Clone)]
pub struct AccountToken(Arc<RwLock<Arc<str>>>);

impl AccountToken {
    /// What goes into `Authorization: Bearer …` now.
    pub fn get(&self) -> Arc<str> {
        // Nothing that can panic runs under this lock.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one in its place, for all clones.
    pub fn replace(&self, token: &str) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token.into();
    }
}

impl From<&str> for AccountToken {
    fn from(token: &str) -> Self {
        Self(Arc::new(RwLock::new(token.into())))
    }
}

impl fmt::Debug for AccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountToken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_hold_a_token_have_the_one_in_its_place() {
        let token = AccountToken::from("first");
        let held = token.clone();
        token.replace("second");
        assert_eq!(&*held.get(), "second");
        assert!(!format!("{held:?}").contains("second"));
    }
}
