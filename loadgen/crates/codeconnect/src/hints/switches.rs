//! Which switch helps against what.

use loadgen_experiment::diagnose::{SwitchHint, Symptom};

/// Operations that book a slot, and so take what `bookings.strategy` guards.
const BOOKING: &[&str] = &["bookings.create", "bookings.race"];

/// A hint that stands for any finding, any load and any value in force.
const fn hint(
    symptom: Symptom,
    switch: &'static str,
    value: &'static str,
    sentence: &'static str,
) -> SwitchHint<'static> {
    SwitchHint {
        symptom,
        found_in: &[],
        load_sends: &[],
        switch,
        value,
        helps_from: &[],
        sentence,
    }
}

/// The strategy that holds the lock of a slot for one statement only.
const fn short_lock(symptom: Symptom) -> SwitchHint<'static> {
    SwitchHint {
        load_sends: BOOKING,
        ..hint(
            symptom,
            "bookings.strategy",
            "conditional_update",
            "a booking then locks its slot for one statement, not for a transaction",
        )
    }
}

/// The preferred switch of a symptom first.
pub(super) const SWITCHES: &[SwitchHint<'static>] = &[
    SwitchHint {
        found_in: &["idempotency_one_effect", "one_booking_per_key"],
        helps_from: &["off"],
        ..hint(
            Symptom::WrongData,
            "bookings.idempotency",
            "on",
            "a repeated booking then has the effect of one",
        )
    },
    SwitchHint {
        helps_from: &["naive", "unlocked_counter"],
        ..hint(
            Symptom::WrongData,
            "bookings.strategy",
            "conditional_update",
            "the present strategy is known to be wrong",
        )
    },
    hint(
        Symptom::PoolTooSmall,
        "pool.max",
        "{}",
        "each connection is a process of PostgreSQL with memory of its own",
    ),
    hint(
        Symptom::ConnectionsHeldTooLong,
        "pool.checkout",
        "per_query",
        "a request then holds a connection only while a statement runs, for more checkouts",
    ),
    SwitchHint {
        helps_from: &["inline"],
        ..hint(
            Symptom::Hashing,
            "auth.placement",
            "bounded({})",
            "sign-ins then wait for a hashing thread, and other requests do not wait for sign-ins",
        )
    },
    hint(
        Symptom::HashThreads,
        "auth.placement",
        "bounded({})",
        "a sign-in then waits longer for a thread, and hashes in less time",
    ),
    hint(
        Symptom::RedisRoundTrips,
        "cache.connection",
        "multiplexed",
        "one connection then carries the commands of all requests",
    ),
    hint(
        Symptom::CacheMisses,
        "cache.single_flight",
        "on",
        "one request then loads a missing value while the others wait for it",
    ),
    SwitchHint {
        found_in: &["mentors.list"],
        ..hint(
            Symptom::QueryLoop,
            "mentors.query",
            "joined",
            "a page of mentors is then one statement",
        )
    },
    SwitchHint {
        found_in: &["auth.login"],
        ..hint(
            Symptom::QueryLoop,
            "auth.login_queries",
            "joined",
            "a login then reads its account in one statement",
        )
    },
    SwitchHint {
        found_in: &["Lock:tuple", "Lock:transactionid", "Lock:advisory"],
        ..short_lock(Symptom::LockWaits)
    },
    short_lock(Symptom::Deadlocks),
    short_lock(Symptom::Retries),
    hint(
        Symptom::CommitSync,
        "db.synchronous_commit",
        "off",
        "a crash then loses writes that were acknowledged just before",
    ),
];
