//! Rules about what the machine's cores and memory are used for.

use crate::diagnose::{
    evidence::{Evidence, RuleFinding, percent},
    symptom::Symptom,
};
use crate::schema::CheckCode;

/// Share of all cores from which they are the limit.
const BUSY: f64 = 0.85;
/// Self-checks of the generator that fail where it lacks CPU.
const GENERATOR_CHECKS: [CheckCode; 3] = [CheckCode::Lag, CheckCode::GenCpu, CheckCode::GenWait];

pub(super) fn busy_cpu(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let cores = evidence.environment("cores")?;
    let spent = &evidence.arm.server.cpu_s;
    let window = evidence.arm.server.window_s;
    let used = spent.values().sum::<f64>() / window.max(1e-9) / cores;
    if window <= 0.0 || used < BUSY {
        return None;
    }
    let (most, _) = spent.iter().max_by(|a, b| a.1.total_cmp(b.1))?;
    let part = evidence.cpu_share(most)?;
    let advice = match most.as_str() {
        "postgres" => {
            "check server resources (CPU): optimise the queries that read most, cache them, or send reads to a replica; then scale vertically"
        }
        "loadgen" => {
            "give the generator a machine of its own: it takes the cores that the target needs"
        }
        _ => {
            "increase server resources (CPU), or scale horizontally: more backend instances behind a balancer, with sticky sessions where there are WebSockets"
        }
    };
    let finding = RuleFinding::new(
        Symptom::BusyCpu,
        format!(
            "the processes used {} of {cores:.0} cores, {most} alone {}",
            percent(used),
            percent(part)
        ),
        advice,
    );
    Some(finding.found_in(most))
}

pub(super) fn late_generator(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    let failed = evidence
        .trials
        .iter()
        .flat_map(|trial| &trial.validity.checks)
        .find(|check| !check.ok && GENERATOR_CHECKS.contains(&check.code))?;
    let finding = RuleFinding::new(
        Symptom::LateGenerator,
        format!("{}: {}, limit {}", failed.code, failed.figure, failed.limit),
        "monitor the generator's machine as well: lower the rate, or give it cores of its own",
    );
    Some(finding.found_in(failed.code.as_str()))
}

/// Trials of one arm run on one process: memory that only grows from each to the next is kept.
pub(super) fn memory_growth(evidence: &Evidence<'_>) -> Option<RuleFinding> {
    evidence.catalog.processes.iter().find_map(|process| {
        let sizes: Vec<u64> = evidence
            .trials
            .iter()
            .filter_map(|trial| trial.server.rss_bytes.get(*process).copied())
            .collect();
        let (first, last) = (*sizes.first()?, *sizes.last()?);
        if sizes.len() < 3 || !sizes.is_sorted() || (last as f64) < 1.5 * first as f64 {
            return None;
        }
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let finding = RuleFinding::new(
            Symptom::MemoryGrowth,
            format!(
                "the memory of {process} grew from {:.0} MB to {:.0} MB over {} trials and never fell",
                mb(first),
                mb(last),
                sizes.len()
            ),
            "check for memory leaks: unbounded caches, queues and maps, connections that are never given back (verify connection pooling)",
        );
        Some(finding.found_in(process))
    })
}
