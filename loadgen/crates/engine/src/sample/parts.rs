//! What a response time consists of: the client's own wait, the parts that the server names, and
//! the two remainders. One enum for the recorder, the stored summary and every report.

use enum_map::{Enum, EnumMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use shared::timing::ServerPart;

/// A stretch of a response time, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ResponsePart {
    /// Before the send: the generator's lag, the wait for a free user and for a connection.
    BeforeSend,
    /// A part that the server names in `Server-Timing`.
    Server(ServerPart),
    /// The rest of the server's own total.
    Rest,
    /// After the send and outside of the server's own total: network, sockets, accept queue, client. Where the
    /// response states no time, as a message over a socket or another server's, all of it.
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
            Self::Outside => "not timed by the target",
        }
    }
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
