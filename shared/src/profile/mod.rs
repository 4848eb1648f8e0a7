//! The profile: every optimization of `target-app` as one switch with a closed set of values.

mod caches;
mod catalogue;
mod json;
mod reading;
mod reads;
mod spans;
mod switch_map;
mod values;

pub use caches::cache_switches;
pub use catalogue::{BadSwitch, Profile, SWITCHES, Switch, fingerprint, setting};
pub use reading::SwitchReading;
pub use reads::{Driver, ReadSource};
pub use spans::{Lasting, ShortTime, WholePercent};
pub use values::{
    Admission, Checkout, Compression, Fanout, HashScheme, Invalidation, ListQuery, LoginQueries,
    OnOff, Pagination, PaymentRule, Persistence, Placement, RedisConnection, RowSecurity, Store,
    Strategy, SwitchValue, TimeLimit, Total, Via, WholeNumber,
};
