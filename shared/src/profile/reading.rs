//! What an owner of a switch reports to be in force.

use std::fmt;

/// The value of one switch, read from the object that acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchReading {
    /// Path of the switch: `cache.mentors`.
    pub path: String,
    /// The value in the switch's own notation. Text, because what is in force may be a value
    /// that the switch itself does not take.
    pub value: String,
}

impl SwitchReading {
    /// The reading of `path`.
    pub fn new(path: impl Into<String>, value: impl fmt::Display) -> Self {
        Self {
            path: path.into(),
            value: value.to_string(),
        }
    }
}
