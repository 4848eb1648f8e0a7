//! One finding of `loadgen doctor`.

use serde::Serialize;

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FindingLevel {
    /// No problem is known.
    Ok,
    /// Results are usable with this in mind.
    Warn,
    /// Results would not be valid, or there would be none.
    Bad,
}

impl FindingLevel {
    /// Its name in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Bad => "BAD",
        }
    }
}

/// What was checked, and what the result means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked, in a word or two.
    pub name: &'static str,
    /// How severe it is.
    pub level: FindingLevel,
    /// What was found, with its unit.
    pub found: String,
    /// Effect on results; empty where there is none.
    pub effect: String,
    /// How to fix it; empty where there is nothing to fix.
    pub fix: String,
}

impl Finding {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            level: FindingLevel::Ok,
            found: found.into(),
            effect: String::new(),
            fix: String::new(),
        }
    }

    pub(super) fn warn(
        name: &'static str,
        found: impl Into<String>,
        effect: &str,
        fix: &str,
    ) -> Self {
        Self {
            level: FindingLevel::Warn,
            effect: effect.to_owned(),
            fix: fix.to_owned(),
            ..Self::ok(name, found)
        }
    }

    pub(super) fn bad(
        name: &'static str,
        found: impl Into<String>,
        effect: &str,
        fix: &str,
    ) -> Self {
        Self {
            level: FindingLevel::Bad,
            ..Self::warn(name, found, effect, fix)
        }
    }

    /// The finding in one sentence, for the warnings of a report.
    pub fn sentence(&self) -> String {
        format!(
            "{}: {}; {}; {}",
            self.name, self.found, self.effect, self.fix
        )
    }
}

/// The worst level of all; OK for none.
pub fn worst(findings: &[Finding]) -> FindingLevel {
    findings
        .iter()
        .map(|finding| finding.level)
        .max()
        .unwrap_or(FindingLevel::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides() {
        assert_eq!(worst(&[]), FindingLevel::Ok);
        let warn = Finding::warn("x", "1", "slower", "do");
        assert_eq!(warn.sentence(), "x: 1; slower; do");
        let all = [
            Finding::ok("y", "2"),
            Finding::bad("z", "3", "a", "b"),
            warn,
        ];
        assert_eq!(worst(&all), FindingLevel::Bad);
    }
}
