//! All features of the reference backend, and the catalogue made of them.

use std::sync::{Arc, LazyLock};

use crate::flows::{AppFlow, BoundFlow, CachedReads, FeatureFlows, World};
use loadgen_engine::flow::{Catalog, Flow, FlowDescriptor, OperationDescriptor, Operations};

/// Every feature, in the order of a report.
pub const FEATURES: &[&FeatureFlows] = include!(concat!(env!("OUT_DIR"), "/features.rs"));

/// The cache kinds of all features.
pub fn caches() -> impl Iterator<Item = &'static CachedReads> {
    FEATURES.iter().flat_map(|feature| feature.caches)
}

/// Names of the cache kinds of all features.
pub fn cache_kinds() -> &'static [&'static str] {
    static KINDS: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| caches().map(CachedReads::kind).collect());
    &KINDS
}

/// Whether a flow goes straight to the database.
pub fn needs_database(flow: &str) -> bool {
    find(flow).is_some_and(|(feature, _)| feature.needs_database)
}

/// Whether a flow is of a feature whose flows sign in as mentors or administrators.
pub fn needs_staff(flow: &str) -> bool {
    find(flow).is_some_and(|(feature, _)| feature.needs_staff)
}

/// The flow of that name, and its feature.
pub(super) fn find(flow: &str) -> Option<(&'static FeatureFlows, &'static AppFlow)> {
    FEATURES.iter().find_map(|feature| {
        let found = feature.flows.iter().find(|one| one.name == flow)?;
        Some((*feature, found))
    })
}

/// Everything that can be sent to the reference backend.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(make);
    &CATALOG
}

fn make() -> Catalog {
    let mut all: Vec<OperationDescriptor> = Vec::new();
    for op in FEATURES.iter().flat_map(|feature| feature.operations) {
        op.number(all.len() as u16);
        all.push(op.descriptor());
    }
    let flows = FEATURES
        .iter()
        .flat_map(|feature| feature.flows)
        .map(|flow| FlowDescriptor {
            name: flow.name,
            help: flow.help,
            operations: flow.operations.iter().map(|op| op.id()).collect(),
            needs_sessions: flow.needs_sessions,
            at_once: flow.at_once,
        })
        .collect();
    Catalog {
        // Made once and kept as long as the program.
        operations: Operations::new(Vec::leak(all)),
        flows,
    }
}

/// The flow of that name, bound to the data of a trial.
pub fn bind(name: &str, world: &Arc<World>) -> Option<Arc<dyn Flow>> {
    // Operations have their numbers once the catalogue is made.
    catalog();
    let (_, flow) = find(name)?;
    Some(Arc::new(BoundFlow::new(flow, Arc::clone(world))))
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod api_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_begins_with_its_area_and_is_sent_by_a_flow() {
        let catalog = catalog();
        for feature in FEATURES {
            for op in feature.operations {
                let name = op.descriptor().name;
                assert_eq!(catalog.operations.by_name(name), Some(op.id()));
                assert!(
                    name.starts_with(&format!("{}.", feature.area)),
                    "{name} is not of {}",
                    feature.area
                );
                assert!(
                    catalog
                        .flows
                        .iter()
                        .any(|flow| flow.operations.contains(&op.id())),
                    "{name} is sent by no flow"
                );
            }
        }
    }

    #[test]
    fn every_kind_of_cached_values_has_its_hit_ratio_reported_once() {
        let mut reported: Vec<&str> = caches().map(|cache| cache.switch).collect();
        let mut kinds: Vec<&str> = shared::profile::cache_switches().collect();
        reported.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(reported, kinds);
    }

    #[test]
    fn every_flow_has_a_name_of_its_own_and_only_operations_of_the_catalogue() {
        let catalog = catalog();
        for flow in &catalog.flows {
            let same = catalog.flows.iter().filter(|one| one.name == flow.name);
            assert_eq!(same.count(), 1, "{}", flow.name);
            assert!(!flow.operations.is_empty(), "{}", flow.name);
            for name in catalog.operation_names(flow) {
                assert_ne!(
                    name, "unknown",
                    "{} names an operation of no feature",
                    flow.name
                );
            }
        }
    }

    #[test]
    fn only_messages_over_a_socket_and_queries_have_no_method() {
        for (_, one) in catalog().operations.iter() {
            let socket = [
                "chat.connect",
                "chat.join",
                "chat.send",
                "chat.deliver",
                "chat.ping",
                "database.connect",
                "database.read",
                "database.write",
                "sessions.connect",
                "sessions.present",
                "sessions.offer",
                "sessions.answer",
                "sessions.ice",
                "notifications.push",
            ];
            assert_eq!(
                one.method.is_none(),
                socket.contains(&one.name),
                "{}",
                one.name
            );
        }
    }
}
