//! The `cache.` switches as the caches have them.

use shared::{
    profile::{Invalidation, OnOff, Store, SwitchReading},
    time::Millis,
};

use super::Caches;
use crate::cache::CacheKind;

impl Caches {
    /// Where values of that kind are kept.
    pub fn store(&self, kind: &CacheKind) -> Store {
        self.0.stores.store(kind)
    }

    /// What a mutation does to cached values.
    pub fn invalidation(&self) -> Invalidation {
        self.0.stores.invalidation()
    }

    /// Every `cache.` switch, read from the stores, lifetimes and flags that requests use. Without a
    /// connection to Redis `cache.connection` has no reading.
    pub fn readings(&self) -> Vec<SwitchReading> {
        let lifetimes = &self.0.lifetimes;
        let mut readings = Vec::new();
        for (kind, ttl) in lifetimes.kinds.iter() {
            let path = format!("cache.{}", kind.name);
            let ttl = Millis::from(*ttl);
            readings.push(SwitchReading::new(format!("{path}.ttl"), ttl));
            readings.push(SwitchReading::new(path, self.store(kind)));
        }
        let negative = lifetimes.absence.map_or_else(
            || OnOff::Off.to_string(),
            |life| Millis::from(life).to_string(),
        );
        readings.extend([
            SwitchReading::new("cache.single_flight", OnOff::from(self.0.single_flight)),
            SwitchReading::new("cache.early_refresh", OnOff::from(self.0.early_refresh)),
            SwitchReading::new("cache.invalidation", self.invalidation()),
            SwitchReading::new("cache.jitter", format!("{:.0}%", lifetimes.jitter * 100.0)),
            SwitchReading::new("cache.negative", negative),
            SwitchReading::new("cache.tiered.ttl", Millis::from(self.0.stores.copy_ttl())),
        ]);
        let connection = self.0.stores.connection();
        readings.extend(connection.map(|way| SwitchReading::new("cache.connection", way)));
        readings
    }
}
