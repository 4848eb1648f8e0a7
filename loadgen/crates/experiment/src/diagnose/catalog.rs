//! What an application knows of its own switches, tables and caches, as plain data, and which of
//! its switches can still help against a symptom.

use std::collections::BTreeMap;

use super::symptom::Symptom;

/// Everything that the rules may name of an application. The empty catalogue
/// ([`Default`]) gives generic advice without a switch.
#[derive(Debug, Clone, Copy, Default)]
pub struct HintCatalog<'a> {
    /// Switches that help against a symptom, the preferred one first.
    pub switches: &'a [SwitchHint<'a>],
    /// Indexes that a switch adds.
    pub indexes: &'a [TableIndex<'a>],
    /// Caches that a switch turns on.
    pub caches: &'a [CacheSwitch<'a>],
    /// What the advice for a symptom says of this application besides.
    pub notes: &'a [SymptomNote<'a>],
    /// Names of the application's processes, without the services it uses.
    pub processes: &'a [&'a str],
    /// Operations that are messages over a WebSocket.
    pub socket_operations: &'a [&'a str],
    /// Operations whose answers are large on purpose.
    pub large_by_design: &'a [&'a str],
}

/// A switch that helps against a symptom.
#[derive(Debug, Clone, Copy)]
pub struct SwitchHint<'a> {
    /// What it helps against.
    pub symptom: Symptom,
    /// Prefixes of the name that the symptom was found in (see [`Symptom`]); empty: any.
    pub found_in: &'a [&'a str],
    /// Operations one of which the load must send for it to matter; empty: any load.
    pub load_sends: &'a [&'a str],
    /// Path of the switch.
    pub switch: &'a str,
    /// The value to try. `{}` stands for the figure that the rule worked out: a number of
    /// connections, or of cores.
    pub value: &'a str,
    /// Values in force from which the change helps; empty: from every other value.
    pub helps_from: &'a [&'a str],
    /// What the value does and what it costs, as a part of a sentence.
    pub sentence: &'a str,
}

/// An index that a switch adds to a table.
#[derive(Debug, Clone, Copy)]
pub struct TableIndex<'a> {
    /// The table that is scanned without it.
    pub table: &'a str,
    /// Prefix of the operations that it serves.
    pub operation_prefix: &'a str,
    /// Path of the switch.
    pub switch: &'a str,
    /// The value that adds it.
    pub value: &'a str,
    /// What it does and costs, as a part of a sentence.
    pub sentence: &'a str,
}

/// A cache that a switch turns on.
#[derive(Debug, Clone, Copy)]
pub struct CacheSwitch<'a> {
    /// Name of the cache, as hit ratios are reported.
    pub kind: &'a str,
    /// The operation that reads through it.
    pub operation: &'a str,
    /// Path of the switch.
    pub switch: &'a str,
    /// The value with which nothing is cached.
    pub off: &'a str,
    /// The value to try then.
    pub on: &'a str,
    /// What it does and costs, as a part of a sentence.
    pub sentence: &'a str,
}

/// What the advice for a symptom says of one application.
#[derive(Debug, Clone, Copy)]
pub struct SymptomNote<'a> {
    /// Which advice it is added to.
    pub symptom: Symptom,
    /// A part of a sentence.
    pub sentence: &'a str,
}

/// What the choice of a switch depends on besides the symptom.
#[derive(Debug, Clone, Copy)]
pub struct ArmContext<'a> {
    /// The value in force of each switch. A switch that is absent here is never proposed.
    pub in_force: &'a BTreeMap<String, String>,
    /// Operations that the load sent.
    pub operations: &'a [&'a str],
}

/// A switch to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// `path=value`.
    pub setting: String,
    /// What the value does and what it costs.
    pub sentence: String,
}

impl HintCatalog<'_> {
    /// The first switch that can still help against `symptom`.
    ///
    /// `figure` is the number that the rule asks for. A value that is this number alone (`{}`) is a minimum:
    /// a larger number in force is left alone. In one that contains it (`own({})`) it is what is proposed.
    pub fn proposal(
        &self,
        symptom: Symptom,
        found_in: &str,
        figure: Option<u32>,
        arm: ArmContext<'_>,
    ) -> Option<Proposal> {
        self.switches
            .iter()
            .filter(|hint| hint.symptom == symptom && hint.applies(found_in, arm.operations))
            .find_map(|hint| hint.proposal(figure, arm.in_force))
    }

    /// The index that a scan of `table` by `operation` lacks.
    pub fn index_proposal(
        &self,
        table: &str,
        operation: &str,
        arm: ArmContext<'_>,
    ) -> Option<Proposal> {
        self.indexes
            .iter()
            .filter(|index| index.table == table && operation.starts_with(index.operation_prefix))
            .find_map(|index| change(arm.in_force, index.switch, index.value, index.sentence))
    }

    /// What is added to the advice for a symptom.
    pub fn notes(&self, symptom: Symptom) -> impl Iterator<Item = &str> {
        self.notes
            .iter()
            .filter(move |note| note.symptom == symptom)
            .map(|note| note.sentence)
    }
}

impl SwitchHint<'_> {
    fn applies(&self, found_in: &str, sent: &[&str]) -> bool {
        let found =
            self.found_in.is_empty() || self.found_in.iter().any(|one| found_in.starts_with(one));
        let matters =
            self.load_sends.is_empty() || self.load_sends.iter().any(|one| sent.contains(one));
        found && matters
    }

    fn proposal(
        &self,
        figure: Option<u32>,
        in_force: &BTreeMap<String, String>,
    ) -> Option<Proposal> {
        let now = in_force.get(self.switch)?;
        if !self.helps_from.is_empty() && !self.helps_from.contains(&now.as_str()) {
            return None;
        }
        let mut value = self.value.to_owned();
        if self.value.contains("{}") {
            let figure = figure?;
            if now.parse::<f64>().is_ok_and(|now| now >= f64::from(figure)) {
                return None;
            }
            value = value.replace("{}", &figure.to_string());
        }
        change(in_force, self.switch, &value, self.sentence)
    }
}

impl CacheSwitch<'_> {
    /// Whether nothing is cached.
    pub fn is_off(&self, in_force: &BTreeMap<String, String>) -> bool {
        in_force.get(self.switch).is_some_and(|now| now == self.off)
    }

    /// How to turn it on, where it is off.
    pub fn proposal(&self, in_force: &BTreeMap<String, String>) -> Option<Proposal> {
        if !self.is_off(in_force) {
            return None;
        }
        change(in_force, self.switch, self.on, self.sentence)
    }
}

/// The change of a switch to `value`; `None` where the switch is unknown or has that value.
fn change(
    in_force: &BTreeMap<String, String>,
    switch: &str,
    value: &str,
    sentence: &str,
) -> Option<Proposal> {
    let now = in_force.get(switch)?;
    (now != value).then(|| Proposal {
        setting: format!("{switch}={value}"),
        sentence: sentence.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: SwitchHint<'_> = SwitchHint {
        symptom: Symptom::LockWaits,
        found_in: &[],
        load_sends: &[],
        switch: "orders.guard",
        value: "constraint",
        helps_from: &[],
        sentence: "",
    };

    fn in_force(value: &str) -> BTreeMap<String, String> {
        [("orders.guard".to_owned(), value.to_owned())].into()
    }

    fn setting(hints: &[SwitchHint<'_>], found_in: &str, now: &str) -> Option<String> {
        let catalog = HintCatalog {
            switches: hints,
            ..HintCatalog::default()
        };
        let arm = ArmContext {
            in_force: &in_force(now),
            operations: &["orders.create"],
        };
        let found = catalog.proposal(Symptom::LockWaits, found_in, Some(8), arm);
        found.map(|one| one.setting)
    }

    #[test]
    fn what_is_in_force_is_not_proposed_and_an_unknown_switch_neither() {
        let proposed = setting(&[ANY], "", "lock");
        assert_eq!(proposed.as_deref(), Some("orders.guard=constraint"));
        assert_eq!(setting(&[ANY], "", "constraint"), None);
        let other = SwitchHint {
            switch: "orders.lost",
            ..ANY
        };
        assert_eq!(setting(&[other], "", "lock"), None);
    }

    #[test]
    fn the_next_switch_is_proposed_where_the_first_one_cannot_help_any_more() {
        let second = SwitchHint {
            value: "queue",
            ..ANY
        };
        let proposed = setting(&[ANY, second], "", "constraint");
        assert_eq!(proposed.as_deref(), Some("orders.guard=queue"));
    }

    #[test]
    fn a_hint_is_kept_to_its_values_its_finding_and_its_load() {
        let from = SwitchHint {
            helps_from: &["none"],
            ..ANY
        };
        assert!(setting(&[from], "", "none").is_some());
        assert_eq!(setting(&[from], "", "lock"), None);
        let found = SwitchHint {
            found_in: &["Lock:tuple"],
            ..ANY
        };
        assert!(setting(&[found], "Lock:tuple", "lock").is_some());
        assert_eq!(setting(&[found], "Lock:extend", "lock"), None);
        let sends = SwitchHint {
            load_sends: &["orders.cancel"],
            ..ANY
        };
        assert_eq!(setting(&[sends], "", "lock"), None);
    }

    #[test]
    fn a_figure_alone_is_a_minimum() {
        let sized = SwitchHint { value: "{}", ..ANY };
        let proposed = setting(&[sized], "", "5");
        assert_eq!(proposed.as_deref(), Some("orders.guard=8"));
        assert_eq!(setting(&[sized], "", "8"), None);
        assert_eq!(setting(&[sized], "", "200"), None);
        let inside = SwitchHint {
            value: "own({})",
            ..ANY
        };
        let proposed = setting(&[inside], "", "own(200)");
        assert_eq!(proposed.as_deref(), Some("orders.guard=own(8)"));
    }
}
