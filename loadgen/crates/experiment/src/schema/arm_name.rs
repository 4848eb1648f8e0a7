//! The name of an arm.

use std::{borrow::Borrow, fmt, ops::Deref};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of one of the configurations that a command measures: `before` and `after` of an
/// experiment, `run` of a single run, a combination of switches of a factorial experiment.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ArmName(String);

impl ArmName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the first arm of an experiment, the one that the second is compared with.
    pub fn is_before(&self) -> bool {
        self.0 == "before"
    }
}

impl From<&str> for ArmName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<String> for ArmName {
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl Deref for ArmName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ArmName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ArmName {
    fn eq(&self, name: &str) -> bool {
        self.0 == name
    }
}

impl PartialEq<&str> for ArmName {
    fn eq(&self, name: &&str) -> bool {
        self.0 == *name
    }
}

impl fmt::Display for ArmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_stored_as_its_text() {
        let name = ArmName::from("before");
        assert_eq!(serde_json::to_value(&name).unwrap(), "before");
        assert_eq!(
            serde_json::from_str::<ArmName>("\"after\"").unwrap(),
            "after"
        );
        assert!(name.is_before() && !ArmName::from("run").is_before());
    }
}
