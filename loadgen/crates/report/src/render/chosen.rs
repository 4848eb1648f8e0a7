//! A run that is compared with others, and the arm of it that is looked at.

use loadgen_experiment::schema::{Arm, Summary};

/// One run with the arm that is looked at.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Name of its folder.
    pub name: String,
    /// All of it; its arms are one.
    summary: Summary,
}

impl Chosen {
    /// Chooses an arm by name; the last one, which is `after` or `run`, without a name.
    pub fn of(name: String, mut summary: Summary, arm: Option<&str>) -> Result<Self, String> {
        let known: Vec<&str> = summary.arms.iter().map(|one| one.name.as_str()).collect();
        let at = match arm {
            None => known.len().checked_sub(1),
            Some(word) => known.iter().position(|one| *one == word),
        };
        let Some(at) = at else {
            let wanted = arm.unwrap_or("any");
            return Err(format!(
                "{name} has no arm `{wanted}`; it has {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ));
        };
        summary.arms = vec![summary.arms.swap_remove(at)];
        Ok(Self { name, summary })
    }

    /// All of it.
    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The arm that is looked at.
    pub(super) fn arm(&self) -> &Arm {
        &self.summary.arms[0]
    }
}
