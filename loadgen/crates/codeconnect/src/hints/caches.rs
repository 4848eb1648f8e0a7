//! Caches, the operation that reads through each, and the switch that turns it on.

use loadgen_experiment::diagnose::CacheSwitch;

/// A cache in Redis, which every read of `operation` asks first.
const fn redis(
    kind: &'static str,
    operation: &'static str,
    switch: &'static str,
) -> CacheSwitch<'static> {
    CacheSwitch {
        kind,
        operation,
        switch,
        off: "off",
        on: "redis",
        sentence: "how old a cached answer may be is up to `cache.invalidation`",
    }
}

/// One for each cache kind, the most read one first.
pub(super) const CACHES: &[CacheSwitch<'static>] = &[
    redis("mentors", "mentors.list", "cache.mentors"),
    redis("bookings", "bookings.mine", "cache.bookings"),
    redis("users", "auth.me", "cache.users"),
];
