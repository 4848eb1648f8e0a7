//! A duration in JSON: its seconds, as a number.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer, de::Error};

/// Writes the seconds.
pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(span.as_secs_f64())
}

/// Reads the seconds.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(D::Error::custom)
}

/// One that may be absent.
pub(super) mod optional {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Duration;

    /// Writes the seconds, or null.
    #[expect(clippy::ref_option, reason = "serde's `with` calls it so")]
    pub(in super::super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => to.serialize_some(&span.as_secs_f64()),
            None => to.serialize_none(),
        }
    }

    /// Reads the seconds, or null.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(from)?
            .map(|seconds| Duration::try_from_secs_f64(seconds).map_err(D::Error::custom))
            .transpose()
    }
}
