//! A made-up shop, for tests of generic code.

use super::catalog::{Access, Catalog, FlowDescriptor, OperationDescriptor, Operations};
use crate::sample::OpId;

const LIST: &[OperationDescriptor] = &[
    OperationDescriptor {
        name: "orders.list",
        method: Some("GET"),
        access: Access::Read,
    },
    OperationDescriptor {
        name: "orders.create",
        method: Some("POST"),
        access: Access::Write,
    },
    OperationDescriptor {
        name: "session.open",
        method: Some("POST"),
        access: Access::Write,
    },
    OperationDescriptor {
        name: "events.connect",
        method: None,
        access: Access::Read,
    },
    OperationDescriptor {
        name: "events.send",
        method: None,
        access: Access::Write,
    },
];

/// A made-up shop, for tests of generic code.
pub fn shop() -> Catalog {
    let flow = |name, operations: &[u16], at_once| FlowDescriptor {
        name,
        help: "does something",
        operations: operations.iter().copied().map(OpId).collect(),
        needs_sessions: false,
        at_once,
    };
    Catalog {
        operations: Operations::new(LIST),
        flows: vec![
            flow("orders.browse", &[0], 1),
            flow("orders.buy", &[0, 1], 1),
            flow("orders.rush", &[1], 16),
            flow("session.open", &[2], 1),
            flow("events.follow", &[3, 4], 1),
        ],
    }
}
