//! Load far beyond what the target can do: it fails its thresholds, and breaks no invariant.

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Sign-ins that hash, lists from the cache, bookings, recordings and chat, at a rate that no machine
/// carries, from clients that leave after six seconds: the target goes on with what they have begun.
fn overloaded(store: &str) -> (Option<i32>, Value) {
    let results = tempfile::tempdir().unwrap();
    let cache = format!("cache.bookings={store}");
    let words = "run core --rate 1000/s --warmup 1s --duration 5s --timeout 6s --scale tiny --accounts 20 --quiet --set";
    let folder = results.path().to_str().unwrap();
    let rest = [cache.as_str(), "--results", folder];
    let ran = finish(start(loadgen(words.split_whitespace().chain(rest))));
    let summary = std::fs::read(results.path().join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    (ran.code, serde_json::from_slice(&summary).unwrap())
}

#[test]
fn overload_alone_breaks_no_invariant() {
    for store in ["redis", "tiered"] {
        let (code, summary) = overloaded(store);
        let arm = &summary["arms"][0];
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let (planned, ok) = (
            count(&arm["total"]["planned"]),
            count(&arm["total"]["outcomes"]["ok"]),
        );
        assert!(
            ok < planned / 2,
            "{store}: {ok} of {planned} is no overload"
        );
        let acknowledged = count(&arm["consistency"]["acknowledged"]);
        assert!(acknowledged > 0, "{store}: {}", arm["consistency"]);
        let audit = arm["audit"].as_array().unwrap();
        assert!(!audit.is_empty(), "{store}: {}", summary["warnings"]);
        for invariant in audit {
            assert_eq!(invariant["violations"], 0, "{store}: {invariant}");
        }
        // Inconclusive, invalid or failed.
        assert!(matches!(code, Some(96 | 97 | 99)), "{store}: {code:?}");
    }
}
