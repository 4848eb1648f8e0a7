//! The profile: every optimization of `target-app` as one switch with a closed set of values.

mod catalogue;
mod reading;
mod spans;
mod values;

pub use catalogue::{BadSwitch, Profile, SWITCHES, Switch, fingerprint};
pub use reading::SwitchReading;
pub use spans::{Lasting, Percent};
pub use values::{
    Admission, Checkout, Compression, Connection, HashScheme, Invalidation, LoginQueries, OnOff,
    Pagination, Persistence, Placement, Query, Store, Strategy, SwitchValue, TimeLimit, Total,
    Whole,
};
