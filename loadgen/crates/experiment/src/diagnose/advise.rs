//! Asks every rule, and makes recommendations of what they find.

use super::{
    catalog::HintCatalog,
    evidence::{Evidence, RuleFinding},
    rules,
};
use crate::schema::{Recommendation, Summary};

/// Most recommendations: a longer list is not acted on.
const MAX_RECOMMENDATIONS: usize = 8;

/// What to try next in the last arm, the most telling first: wrong answers, then failures, then
/// waiting.
pub fn advise(summary: &Summary, catalog: &HintCatalog<'_>) -> Vec<Recommendation> {
    let mut all = all_recommendations(summary, catalog);
    all.truncate(MAX_RECOMMENDATIONS);
    all
}

/// The recommendations of all rules, however many they are.
pub(super) fn all_recommendations(
    summary: &Summary,
    catalog: &HintCatalog<'_>,
) -> Vec<Recommendation> {
    let Some(evidence) = Evidence::of(summary, catalog) else {
        return Vec::new();
    };
    rules::ALL
        .iter()
        .filter_map(|rule| rule(&evidence))
        .map(|finding| recommendation(finding, &evidence))
        .collect()
}

/// Adds the application's notes and the switch that can still help.
fn recommendation(finding: RuleFinding, evidence: &Evidence<'_>) -> Recommendation {
    let proposal = finding
        .proposal
        .or_else(|| evidence.proposal(finding.symptom, &finding.found_in, finding.figure));
    let mut advice = finding.advice.to_owned();
    let notes = evidence.catalog.notes(finding.symptom);
    for sentence in notes.chain(proposal.as_ref().map(|one| one.sentence.as_str())) {
        advice.push_str("; ");
        advice.push_str(sentence);
    }
    Recommendation {
        code: finding.symptom.code().to_owned(),
        evidence: finding.evidence,
        advice,
        switch: proposal.map(|one| one.setting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnose::{
            faults,
            fixture::{self, SHOP},
        },
        schema::{CacheLookUps, Cost, Hashing, Summary},
    };

    fn switch_of(summary: &Summary, code: &str) -> Option<String> {
        let all = all_recommendations(summary, &SHOP);
        let found = all.iter().find(|one| one.code == code);
        found
            .unwrap_or_else(|| panic!("{code} is silent: {all:?}"))
            .switch
            .clone()
    }

    #[test]
    fn without_evidence_there_is_no_advice() {
        assert_eq!(advise(&fixture::quiet(), &SHOP), []);
        let mut nothing = fixture::quiet();
        nothing.arms.clear();
        assert_eq!(advise(&nothing, &SHOP), []);
    }

    #[test]
    fn the_judged_arm_is_the_last_one() {
        let mut summary = fixture::quiet();
        let mut before = summary.arms[0].clone();
        before.server.pool_timeouts = 9;
        summary.arms.insert(0, before);
        assert_eq!(advise(&summary, &SHOP), []);
    }

    #[test]
    fn no_more_recommendations_are_given_than_are_read() {
        let mut summary = fixture::quiet();
        for fault in [
            faults::corruption,
            faults::exhausted,
            faults::pool,
            faults::redis_down,
            faults::query_loop,
            faults::scan,
            faults::locks,
            faults::deadlocks,
            faults::retries,
            faults::disk,
        ] {
            fault(&mut summary);
        }
        assert!(all_recommendations(&summary, &SHOP).len() > MAX_RECOMMENDATIONS);
        let found = advise(&summary, &SHOP);
        assert_eq!(found.len(), MAX_RECOMMENDATIONS);
        assert_eq!(found[0].code, "WRONG_DATA");
    }

    #[test]
    fn the_pool_s_size_comes_from_littles_law() {
        let summary = fixture::with(faults::pool);
        let all = all_recommendations(&summary, &SHOP);
        let found = all.iter().find(|one| one.code == "POOL_WAIT").unwrap();
        // 200 requests/s x 77 ms / 0.7 = 22.
        assert_eq!(found.switch.as_deref(), Some("pool.size=22"));
        assert!(found.evidence.starts_with(
            "71 % of the time above p99 is pool wait: 5 connections, up to 38 waiters"
        ));
    }

    #[test]
    fn a_wait_in_the_pooler_is_not_taken_for_time_in_postgresql() {
        let mut summary = fixture::with(faults::pooler);
        let codes = |summary: &Summary| -> Vec<String> {
            let all = all_recommendations(summary, &SHOP).into_iter();
            all.map(|one| one.code)
                .filter(|code| code.contains("WAIT"))
                .collect()
        };
        assert_eq!(codes(&summary), ["POOLER_WAIT"]);
        let all = all_recommendations(&summary, &SHOP);
        assert!(
            all[0].evidence.starts_with(
                "a transaction waited 40.0 ms in the pooler for one of 20 server connections, up to 310 clients at once"
            ),
            "{}",
            all[0].evidence
        );
        // A pooler with a queue for a moment, and one that nobody waited for.
        for (waiting, wait_s) in [(19, 200.0), (310, 1.0)] {
            let pooler = summary.arms[0].server.pooler.as_mut().unwrap();
            (pooler.clients_waiting_max, pooler.wait_s) = (waiting, wait_s);
            assert_eq!(codes(&summary), ["POOL_WAIT"]);
        }
    }

    #[test]
    fn a_larger_pool_in_force_is_not_made_smaller_where_its_size_was_not_observed() {
        let mut summary = fixture::with(faults::pool);
        summary.arms[0].server.pool_max = 0;
        fixture::set(&mut summary, "pool.size", "200");
        assert_eq!(switch_of(&summary, "POOL_WAIT"), None);
    }

    #[test]
    fn a_switch_that_is_set_already_is_not_proposed() {
        let mut summary = fixture::with(faults::query_loop);
        let proposed = switch_of(&summary, "N_PLUS_ONE");
        assert_eq!(proposed.as_deref(), Some("items.query=joined"));
        fixture::set(&mut summary, "items.query", "joined");
        assert_eq!(switch_of(&summary, "N_PLUS_ONE"), None);
    }

    #[test]
    fn many_queries_are_a_loop_only_where_one_statement_is_known_to_be_repeated() {
        let codes = |summary: &Summary| -> Vec<String> {
            let all = all_recommendations(summary, &SHOP);
            all.into_iter().map(|one| one.code).collect()
        };
        let mut summary = fixture::with(faults::many_queries);
        assert_eq!(codes(&summary), ["MANY_QUERIES"]);
        faults::query_loop(&mut summary);
        assert_eq!(codes(&summary), ["N_PLUS_ONE"]);
        summary.arms[0].plans[0].times = 4;
        assert_eq!(codes(&summary), ["MANY_QUERIES"]);
        summary.arms[0].plans[0].times = 60;
        "orders.create".clone_into(&mut summary.arms[0].plans[0].operation);
        assert_eq!(codes(&summary), ["MANY_QUERIES"]);
    }

    #[test]
    fn a_cache_that_has_nearly_all_it_can_have_or_was_hardly_asked_is_no_finding() {
        let mut summary = fixture::with(faults::misses);
        assert_eq!(all_recommendations(&summary, &SHOP).len(), 1);
        let server = &mut summary.arms[0].server;
        server.cache_attainable = [("items".to_owned(), 0.105)].into();
        assert_eq!(all_recommendations(&summary, &SHOP), []);
        let server = &mut summary.arms[0].server;
        server.cache_attainable.clear();
        let few = CacheLookUps { hits: 1, all: 10 };
        server.cache_lookups = [("items".to_owned(), few)].into();
        assert_eq!(all_recommendations(&summary, &SHOP), []);
    }

    #[test]
    fn a_wait_at_the_limiter_is_named_with_what_lies_behind_it() {
        let summary = fixture::with(faults::admission);
        let all = all_recommendations(&summary, &SHOP);
        assert_eq!(all[0].code, "ADMISSION_WAIT");
        assert_eq!(
            all[0].evidence,
            "67 % of the time above p99 is a wait at the admission limiter; behind it most of the time is hashing (30.0 ms)"
        );
        assert_eq!(all[0].switch, None);
    }

    #[test]
    fn the_network_is_blamed_only_where_the_target_states_its_own_time() {
        let found = |summary: &Summary| {
            let all = all_recommendations(summary, &SHOP);
            let told = all
                .iter()
                .find(|one| matches!(one.code.as_str(), "NETWORK" | "UNTIMED"));
            let told = told.unwrap_or_else(|| panic!("{all:?}"));
            (told.code.clone(), told.evidence.clone())
        };
        let mut summary = fixture::with(faults::network);
        assert_eq!(found(&summary).0, "NETWORK");
        // Messages over a socket beside requests that were fast.
        summary.arms[0].operations[3].cost = Cost::default();
        let (code, evidence) = found(&summary);
        assert_eq!(code, "UNTIMED");
        assert_eq!(
            evidence,
            "98 % of the time above p99 is in no time that the target states: events.send state none, so that its work and the network are not told apart"
        );
        // A request that the target did time passed outside of it, too.
        let slow = summary.arms[0].total.anatomy.clone();
        summary.arms[0].operations[1].anatomy = slow;
        assert_eq!(found(&summary).0, "NETWORK");
        // Another backend states nothing at all.
        for one in &mut summary.arms[0].operations {
            one.cost = Cost::default();
        }
        let (code, evidence) = found(&summary);
        assert_eq!(code, "UNTIMED");
        assert!(
            evidence.contains("session.open, items.list, orders.create and 1 more state none"),
            "{evidence}"
        );
    }

    #[test]
    fn of_too_few_slow_requests_nothing_is_said() {
        let mut summary = fixture::with(faults::admission);
        let slowest = &mut summary.arms[0].total.anatomy[0];
        "all requests".clone_into(&mut slowest.name);
        slowest.requests = 10.0;
        let all = all_recommendations(&summary, &SHOP);
        assert!(
            all[0]
                .evidence
                .starts_with("67 % of the time of all requests is a wait"),
            "{all:?}"
        );
        summary.arms[0].total.anatomy[0].requests = 9.0;
        assert_eq!(all_recommendations(&summary, &SHOP), []);
    }

    #[test]
    fn redis_that_is_slow_without_checks_of_connections_is_not_told_to_save_pings() {
        let summary = fixture::with(faults::slow_redis);
        let all = all_recommendations(&summary, &SHOP);
        let codes: Vec<&str> = all.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["SLOW_REDIS"]);
        assert!(!all[0].advice.contains("PING"));
    }

    #[test]
    fn a_scan_proposes_the_index_of_its_table_and_operation_only() {
        let mut summary = fixture::with(faults::scan);
        let proposed = switch_of(&summary, "MISSING_INDEX");
        assert_eq!(proposed.as_deref(), Some("index.orders_customer=on"));
        "items.list".clone_into(&mut summary.arms[0].plans[0].operation);
        assert_eq!(switch_of(&summary, "MISSING_INDEX"), None);
    }

    #[test]
    fn a_lock_wait_proposes_a_switch_only_for_the_locks_that_it_shortens() {
        let mut summary = fixture::with(faults::locks);
        let proposed = switch_of(&summary, "LOCK_WAITS");
        assert_eq!(proposed.as_deref(), Some("orders.guard=constraint"));
        let waits = [("Lock:extend".to_owned(), 0.3), ("Lock:tuple".into(), 0.1)];
        summary.arms[0].server.waits = waits.into();
        assert_eq!(switch_of(&summary, "LOCK_WAITS"), None);
    }

    #[test]
    fn hashing_that_slows_others_is_named_only_while_it_runs_where_requests_are_served() {
        let mut summary = fixture::with(faults::hash);
        let proposed = switch_of(&summary, "HASHING");
        assert_eq!(proposed.as_deref(), Some("hash.threads=own(2)"));
        fixture::set(&mut summary, "hash.threads", "own(8)");
        assert_eq!(advise(&summary, &SHOP), []);
    }

    #[test]
    fn more_sign_ins_than_the_cores_can_hash_are_told_with_the_rate_that_holds() {
        let evidence = |hashes: u64, busy_s: f64, cpu_s: f64, planned: u64| {
            let mut summary = fixture::with(faults::hash);
            let arm = &mut summary.arms[0];
            arm.operations[0].planned = planned;
            arm.server.hashing = Hashing {
                hashes,
                busy_s,
                cpu_s,
                wait_s: 7.0,
            };
            let all = all_recommendations(&summary, &SHOP);
            let found = all.iter().find(|one| one.code == "HASHING").unwrap();
            found.evidence.clone()
        };
        // In 30 s, on two cores: 2 / 50 ms = 40 a second; 66.7/s x 50 ms / 0.7 = 4.8 cores.
        // By their own clock, whatever number of threads shared the cores; by the wall's where that is all.
        for (busy_s, cpu_s) in [(60.0, 0.0), (600.0, 60.0)] {
            let told = evidence(1_200, busy_s, cpu_s, 2_000);
            assert!(
                told.ends_with(
                    "; 2 cores hash at most 40.0 a second at 50.0 ms each, and 66.7 a second were asked for, which take 5 cores (66.7/s x 50.0 ms / 0.7)"
                ),
                "{told}"
            );
        }
        // Fewer were asked for; the target tells no times; more threads than cores shared them.
        for (hashes, busy_s, planned) in [(900, 45.0, 900), (0, 0.0, 2_000), (1_200, 600.0, 2_000)]
        {
            let told = evidence(hashes, busy_s, 0.0, planned);
            assert!(!told.contains("at most"), "{told}");
        }
    }

    #[test]
    fn sign_ins_that_fail_because_the_cores_cannot_hash_so_many_are_said_to() {
        let is_advised = |failed: u64, planned: u64| {
            let mut summary = fixture::with(faults::hash);
            // On threads of their own, and no tail that hashing would be most of.
            fixture::set(&mut summary, "hash.threads", "own(8)");
            let arm = &mut summary.arms[0];
            arm.operations[0].planned = planned;
            arm.operations[0].success = 1.0 - failed as f64 / planned as f64;
            arm.total.anatomy.clear();
            arm.server.hashing = Hashing {
                hashes: 1_200,
                busy_s: 600.0,
                cpu_s: 60.0,
                wait_s: 7.0,
            };
            let all = all_recommendations(&summary, &SHOP);
            all.iter().any(|one| one.code == "HASHING")
        };
        assert!(is_advised(1_900, 2_000));
        // None fail; so few can be hashed.
        assert!(!is_advised(0, 2_000));
        assert!(!is_advised(1_100, 1_150));
    }

    #[test]
    fn more_hashing_threads_than_cores_are_named_with_the_switch_while_they_share_these() {
        let advice = |busy_s: f64, cpu_s: f64, threads: &str| {
            let mut summary = fixture::quiet();
            fixture::set(&mut summary, "hash.threads", threads);
            summary.arms[0].server.hashing = Hashing {
                hashes: 1_200,
                busy_s,
                cpu_s,
                wait_s: 7.0,
            };
            let all = all_recommendations(&summary, &SHOP);
            let found = all.into_iter().find(|one| one.code == "HASH_THREADS");
            found.map(|one| (one.evidence, one.switch))
        };
        // In 30 s, on two cores.
        let (evidence, switch) = advice(600.0, 60.0, "own(32)").unwrap();
        let right =
            "20.0 hashes at once on 2 cores, so that each takes 500 ms for 50 ms of a processor";
        assert_eq!(evidence, right);
        assert_eq!(switch.as_deref(), Some("hash.threads=own(2)"));
        // As many as there are cores; the target does not tell their own time.
        assert_eq!(advice(60.0, 55.0, "own(2)"), None);
        assert_eq!(advice(600.0, 0.0, "own(32)"), None);
    }

    #[test]
    fn a_cache_is_turned_on_where_it_is_off_and_looked_at_where_it_is_on() {
        let summary = fixture::with(faults::uncached);
        let proposed = switch_of(&summary, "CACHE_OFF");
        assert_eq!(proposed.as_deref(), Some("cache.items=redis"));
        let summary = fixture::with(faults::misses);
        assert_eq!(switch_of(&summary, "CACHE_MISSES"), None);
    }

    #[test]
    fn the_advice_carries_the_note_of_the_application_and_what_the_switch_costs() {
        let summary = fixture::with(faults::corruption);
        let all = all_recommendations(&summary, &SHOP);
        assert!(
            all[0]
                .advice
                .ends_with("; usually an item that was sold twice; the second order is refused"),
            "{}",
            all[0].advice
        );
    }

    #[test]
    fn without_a_catalogue_the_advice_is_generic_and_names_no_switch() {
        for fault in [
            faults::pool,
            faults::scan,
            faults::locks,
            faults::corruption,
        ] {
            let all = advise(&fixture::with(fault), &HintCatalog::default());
            assert!(!all.is_empty());
            assert!(all.iter().all(|one| one.switch.is_none()), "{all:?}");
        }
    }
}
