//! The profile: every optimization of `target-app` as one switch with a closed set of values.

mod catalogue;
mod spans;
mod values;

pub use catalogue::{BadSwitch, Profile, SWITCHES, Switch, fingerprint, setting};
pub use spans::{Lasting, Percent};
pub use values::{
    Admission, Checkout, Compression, Connection, HashScheme, Invalidation, LoginQueries, OnOff,
    Pagination, Persistence, Placement, Query, Store, Strategy, SwitchValue, TimeLimit, Total,
    Whole,
};
