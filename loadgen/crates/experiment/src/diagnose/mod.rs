//! What to try next: rules from what was measured to what may help, pure functions of the stored
//! summary. Each recommendation names the figures that it stands on; without them there is none.
//!
//! Knows no application: operations, tables, caches and switches that a rule may name come in a
//! [`HintCatalog`]. `evidence` reads figures, `rules` turns them into findings, `advise` asks all
//! rules and adds what the catalogue knows.

mod advise;
mod catalog;
mod evidence;
mod rules;
mod symptom;

#[cfg(test)]
mod documented_hints;
#[cfg(test)]
mod faults;
#[cfg(test)]
pub(crate) mod fixture;

pub use advise::advise;
pub use catalog::{
    ArmContext, CacheSwitch, HintCatalog, Proposal, SwitchHint, SymptomNote, TableIndex,
};
pub use symptom::Symptom;
