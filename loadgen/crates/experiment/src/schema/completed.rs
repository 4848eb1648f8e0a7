//! What users got done, counted from the operations that do it.

use super::{
    application::{ApplicationInfo, Completion},
    summary::Operation,
};

impl ApplicationInfo {
    /// How often each thing got done, of those that were tried: label and count.
    pub fn completed<'a>(&'a self, operations: &[Operation]) -> Vec<(&'a str, u64)> {
        let count = |one: &'a Completion| {
            let of = |operation: &&Operation| {
                operation.planned > 0 && one.operations.contains(&operation.name)
            };
            let mut tried = operations.iter().filter(of).peekable();
            tried.peek()?;
            let all = tried.map(Operation::completed).fold(0, u64::saturating_add);
            Some((one.label.as_str(), all))
        };
        self.completions.iter().filter_map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, outcomes: &[(&str, u64)], statuses: &[(u16, u64)]) -> Operation {
        let named = |(name, count): &(&str, u64)| ((*name).to_owned(), *count);
        Operation {
            name: name.to_owned(),
            planned: outcomes.iter().map(|(_, count)| count).sum(),
            outcomes: outcomes.iter().map(named).collect(),
            statuses: statuses.iter().copied().collect(),
            ..Operation::default()
        }
    }

    #[test]
    fn what_was_refused_as_it_should_be_is_not_done_and_what_was_not_tried_is_absent() {
        let completion = |label: &str, operations: &[&str]| Completion {
            label: label.to_owned(),
            operations: operations.iter().map(|one| (*one).to_owned()).collect(),
        };
        let application = ApplicationInfo {
            completions: vec![
                completion("orders placed", &["orders.create", "orders.race"]),
                completion("messages delivered", &["chat.deliver"]),
                completion("logins", &["auth.login"]),
            ],
            ..ApplicationInfo::default()
        };
        let operations = [
            operation("orders.create", &[("ok", 9), ("timeout", 2)], &[(201, 9)]),
            // A conflict is a right answer, and no order.
            operation("orders.race", &[("ok", 20)], &[(201, 1), (409, 19)]),
            // A message has no status.
            operation("chat.deliver", &[("ok", 30)], &[]),
            operation("auth.login", &[], &[]),
        ];
        assert_eq!(
            application.completed(&operations),
            [("orders placed", 10), ("messages delivered", 30)]
        );
    }
}
