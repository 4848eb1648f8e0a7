//! The closed lists of an application's operations and flows. A catalogue lives as long as the
//! program, so its words are static; one that is read from a file is leaked once.

use crate::sample::OpId;

/// Whether an operation changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It may change what later operations read.
    Write,
}

/// One operation: one kind of request or message inside a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationDescriptor {
    /// Its word in suites and reports: `orders.create`. The part before the dot is its area.
    pub name: &'static str,
    /// HTTP method it is sent with; `None` for messages over a socket, and for requests that are
    /// made up at run time.
    pub method: Option<&'static str>,
    /// Whether it changes something.
    pub access: Access,
}

/// What stands for the name of an operation that is in no catalogue.
const UNKNOWN: &str = "unknown";

/// An application's operations; an [`OpId`] is an index into them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operations(&'static [OperationDescriptor]);

impl Operations {
    /// The operations in the order of their numbers.
    pub const fn new(all: &'static [OperationDescriptor]) -> Self {
        Self(all)
    }

    /// How many there are.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Each with its number.
    pub fn iter(self) -> impl Iterator<Item = (OpId, &'static OperationDescriptor)> {
        self.0
            .iter()
            .enumerate()
            .map(|(index, one)| (OpId(index as u16), one))
    }

    /// Its name; `unknown` for a number that is in no list.
    pub fn name(self, op: OpId) -> &'static str {
        self.0
            .get(usize::from(op.0))
            .map_or(UNKNOWN, |one| one.name)
    }

    /// Its HTTP method, where it has one.
    pub fn method(self, op: OpId) -> Option<&'static str> {
        self.0.get(usize::from(op.0)).and_then(|one| one.method)
    }

    /// The operation of that name.
    pub fn by_name(self, name: &str) -> Option<OpId> {
        self.iter()
            .find(|(_, one)| one.name == name)
            .map(|(op, _)| op)
    }
}

/// What is known of a flow before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowDescriptor {
    /// Its word in suite files: `orders.buy`.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Every operation it may send, the first one first.
    pub operations: Vec<OpId>,
    /// Whether it needs accounts that are signed in before the run.
    pub needs_sessions: bool,
    /// Most requests that one iteration sends at once.
    pub at_once: usize,
}

/// Everything that can be sent to an application.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Its operations.
    pub operations: Operations,
    /// Its flows, in the order of the documentation.
    pub flows: Vec<FlowDescriptor>,
}

impl Catalog {
    /// The flow of that name.
    pub fn flow(&self, name: &str) -> Option<&FlowDescriptor> {
        self.flows.iter().find(|flow| flow.name == name)
    }

    /// The names of all flows.
    pub fn flow_names(&self) -> Vec<&'static str> {
        self.flows.iter().map(|flow| flow.name).collect()
    }

    /// The names of a flow's operations.
    pub fn operation_names(&self, flow: &FlowDescriptor) -> Vec<&'static str> {
        flow.operations
            .iter()
            .map(|op| self.operations.name(*op))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::shop;

    #[test]
    fn an_operation_is_found_by_its_name_and_named_by_its_number() {
        let operations = shop().operations;
        for (op, one) in operations.iter() {
            assert_eq!(operations.by_name(one.name), Some(op));
            assert_eq!(operations.name(op), one.name);
            assert_eq!(operations.method(op), one.method);
        }
        assert_eq!(operations.by_name("orders.lost"), None);
        assert_eq!(operations.name(OpId(999)), "unknown");
        assert_eq!(operations.method(OpId(999)), None);
    }

    #[test]
    fn a_flow_is_found_by_its_name_and_names_its_operations() {
        let shop = shop();
        let buy = shop.flow("orders.buy").unwrap();
        assert_eq!(shop.operation_names(buy), ["orders.list", "orders.create"]);
        assert!(shop.flow("orders.bu").is_none());
        assert!(shop.flow_names().contains(&"orders.rush"));
    }
}
