//! Trials, blocks, decisions: everything between a load generator and a report. Knows no
//! application: what is tested stands behind [`system`].
//!
//! | module | content |
//! |---|---|
//! | [`metric`] | what is measured: identity, name, unit and definition of each metric |
//! | [`schema`] | the stored types: what `summary.json` holds |
//! | [`system`], [`services`] | the border to what is tested, and to the processes it runs in |
//! | [`observer`], [`events`] | observes the target and the machine; what listeners are sent |
//! | [`verdict`] | self-checks, thresholds, audit, and the one word |
//! | [`trial`] | one measured run of one arm |
//! | [`paired`], [`factorial`] | two arms in blocks, and the decision; several switches at once |
//! | [`capacity`] | the highest load that meets an SLO: search, bounds, what saturates first |
//! | [`sizing`] | from measured figures and assumptions to instances, connections, cores, memory, cost |
//! | [`baseline`] | runs of different times, and the decision whether they differ |
//! | [`diagnose`], [`summary`] | what to try next; everything that is stored of a command |

pub mod baseline;
pub mod capacity;
pub mod diagnose;
pub mod events;
pub mod factorial;
pub mod metric;
pub mod observer;
pub mod paired;
pub mod schema;
pub mod services;
pub mod sizing;
pub mod summary;
pub mod system;
pub mod trial;
pub mod verdict;
