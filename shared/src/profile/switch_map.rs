//! The values of switches as a file gives them.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;

/// What such a file holds.
pub(super) const FORM: &str = "a JSON object of switches, like {\"pool.max\": 20}";

/// Each given switch with its value, neither of which is checked; a switch that is given twice is refused.
pub(super) struct SwitchMap(pub(super) BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for SwitchMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SwitchMapVisitor)
    }
}

struct SwitchMapVisitor;

impl<'de> Visitor<'de> for SwitchMapVisitor {
    type Value = SwitchMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORM)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<SwitchMap, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((path, value)) = entries.next_entry::<String, Value>()? {
            if all.insert(path.clone(), value).is_some() {
                let why = format!("switch `{path}` is given twice");
                return Err(A::Error::custom(why));
            }
        }
        Ok(SwitchMap(all))
    }
}
