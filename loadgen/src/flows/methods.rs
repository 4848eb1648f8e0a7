//! The HTTP method of each operation, for promises about all reads or all writes.

/// Operations that change something.
const POSTED: [&str; 4] = [
    "auth.login",
    "bookings.create",
    "bookings.cancel",
    "bookings.race",
];

/// Method that an operation is sent with; `None` for what is no plain request (messages over a
/// socket) or is made up at run time.
pub fn method(operation: &str) -> Option<&'static str> {
    if operation.starts_with("chat.") || operation.starts_with("http.") {
        None
    } else if POSTED.contains(&operation) {
        Some("POST")
    } else {
        Some("GET")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::OPERATIONS;

    #[test]
    fn every_posted_operation_exists_and_reads_are_got() {
        for name in POSTED {
            assert!(OPERATIONS.contains(&name), "{name}");
            assert_eq!(method(name), Some("POST"));
        }
        assert_eq!(method("mentors.list"), Some("GET"));
        assert_eq!(method("chat.send"), None);
    }
}
