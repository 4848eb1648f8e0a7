//! The self-checks, one function a check, by what they look at.

pub(super) mod accounts;
pub(super) mod answers;
pub(super) mod machine;
pub(super) mod pacing;
pub(super) mod stationarity;
