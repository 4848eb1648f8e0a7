//! What to try next: rules from what was measured to what may help, pure functions of the stored
//! summary. Each recommendation names the figures that it stands on; without them there is none.
//!
//! `evidence` reads figures, `waiting`, `database` and `endings` hold the rules, `advise` asks all.

mod advise;
mod database;
mod endings;
mod evidence;
mod waiting;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hints;

pub use advise::advise;
