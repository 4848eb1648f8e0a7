//! What a response time consists of: the client's own wait, the parts that the server names, and
//! the two remainders. One enum for the recorder, the stored summary and every report.

use enum_map::{Enum, EnumMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use shared::timing::{ServerPart, ServerTiming};

use super::Sample;
use crate::units::Nanos;

/// A stretch of a response time, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ResponsePart {
    /// Before the send: the generator's lag, the wait for a free user and for a connection.
    BeforeSend,
    /// A part that the server names in `Server-Timing`.
    Server(ServerPart),
    /// The rest of the server's own total.
    Rest,
    /// Outside of the server's total: network, sockets, accept queue, client.
    Outside,
}

/// A figure for each part.
pub type ResponseParts = EnumMap<ResponsePart, f64>;

impl ResponsePart {
    /// Every part, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::LENGTH).map(Self::from_usize)
    }

    /// The name in stored files and in style sheets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeSend => "before_send",
            Self::Server(part) => part.name(),
            Self::Rest => "rest",
            Self::Outside => "outside",
        }
    }

    /// The name in reports.
    pub const fn label(self) -> &'static str {
        match self {
            Self::BeforeSend => "before the send",
            Self::Server(part) => part.label(),
            Self::Rest => "rest of the target",
            Self::Outside => "network and client",
        }
    }

    /// Microseconds of a sample in each part; their sum is the response time.
    ///
    /// The server may have done several things of one request at once: a part counts at most what
    /// the parts before it have left.
    pub fn split(sample: &Sample) -> ResponseParts {
        let us = |time: Nanos| time.0 as f64 / 1_000.0;
        let response = us(sample.response());
        let before_send = us(sample.sent.since(sample.intended)).min(response);
        let mut parts = ResponseParts::default();
        parts[Self::BeforeSend] = before_send;
        let mut left = response - before_send;
        if let Some(cost) = &sample.cost {
            let mut take = |us: f64| {
                let taken = us.min(left);
                left -= taken;
                taken
            };
            for (part, us) in &cost.us {
                parts[Self::Server(part)] = take(f64::from(*us));
            }
            parts[Self::Rest] = take(rest_us(cost));
        }
        parts[Self::Outside] = left;
        parts
    }
}

/// Microseconds of the server's total that no part names.
fn rest_us(cost: &ServerTiming) -> f64 {
    let named: u64 = cost.us.values().map(|us| u64::from(*us)).sum();
    u64::from(cost.total_us).saturating_sub(named) as f64
}

impl Serialize for ResponsePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ResponsePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::all()
            .find(|part| part.name() == name)
            .ok_or_else(|| D::Error::custom(format!("`{name}` is no part of a response time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_unique_and_names_read_back() {
        let all: Vec<ResponsePart> = ResponsePart::all().collect();
        for (index, part) in all.iter().enumerate() {
            let text = serde_json::to_string(part).unwrap();
            assert_eq!(serde_json::from_str::<ResponsePart>(&text).unwrap(), *part);
            for other in &all[..index] {
                assert!(other.name() != part.name() && other.label() != part.label());
            }
        }
        assert!(serde_json::from_str::<ResponsePart>("\"queue\"").is_err());
    }

    #[test]
    fn every_server_part_is_a_part_of_the_response() {
        for part in ServerPart::ALL {
            assert!(ResponsePart::all().any(|one| one == ResponsePart::Server(part)));
        }
    }
}
