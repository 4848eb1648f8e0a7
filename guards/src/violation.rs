//! What a rule returns, and how violations are compared with the list of tolerated ones.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::config::Exception;

/// One violation of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What it is about: a file, a folder, a type name, an arrow. Exceptions refer to this.
    pub at: String,
    /// How much of it there is: 1 for most rules, the number of files for a circle.
    pub size: usize,
    /// The violation in words, with file and line where there is one.
    pub message: String,
}

impl Violation {
    /// A violation of size 1.
    pub fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            size: 1,
            message: message.into(),
        }
    }
}

/// Holds the violations of `rule` against the exceptions: what no exception covers is refused, and
/// so is an exception that is larger than what is left of it. Exceptions can only shrink.
///
/// # Errors
/// The text to show: every violation on a line of its own.
pub fn judge(rule: &str, violations: &[Violation], exceptions: &[Exception]) -> Result<(), String> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in violations {
        *sizes.entry(&violation.at).or_default() += violation.size;
    }
    let own: Vec<&Exception> = exceptions.iter().filter(|e| e.rule == rule).collect();
    let tolerated = |at: &str| {
        own.iter()
            .any(|e| e.at == at && sizes.get(at).is_some_and(|size| *size <= e.size))
    };
    let mut text = String::new();
    for violation in violations.iter().filter(|v| !tolerated(&v.at)) {
        let _ = writeln!(text, "  {}", violation.message);
    }
    for (at, size) in sizes
        .iter()
        .filter(|(at, size)| **size > 1 && !tolerated(at))
    {
        let _ = writeln!(text, "  in all: `{at}` {size}");
    }
    for exception in &own {
        let left = sizes.get(exception.at.as_str()).copied().unwrap_or(0);
        if exception.reason.trim().is_empty() {
            let _ = writeln!(
                text,
                "  the exception for `{}` gives no reason",
                exception.at
            );
        }
        if left == 0 {
            let _ = writeln!(
                text,
                "  guards/exceptions.toml: `{}` is no longer needed for `{rule}`; remove it",
                exception.at
            );
        } else if left < exception.size {
            let _ = writeln!(
                text,
                "  guards/exceptions.toml: `{}` has shrunk from {} to {left}; lower it",
                exception.at, exception.size
            );
        }
    }
    if text.is_empty() {
        Ok(())
    } else {
        Err(format!("{rule}:\n{text}"))
    }
}
