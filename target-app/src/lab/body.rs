//! Optional JSON bodies: an empty body is the default, and so is `null`.

use axum::extract::rejection::BytesRejection;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use shared::problem::Code;

use crate::{error::ApiError, http::read_object};

/// The parsed body, or the default where it is empty or `null`.
pub(super) fn optional<T: DeserializeOwned + Default>(
    body: Result<Bytes, BytesRejection>,
) -> Result<T, ApiError> {
    let body = body.map_err(|refusal| {
        let code = match refusal.status().as_u16() {
            413 => Code::TooLarge,
            _ => Code::MalformedBody,
        };
        ApiError::new(code, refusal.body_text())
    })?;
    if matches!(body.trim_ascii(), b"" | b"null") {
        return Ok(T::default());
    }
    read_object(&body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::lab::ResetRequest;

    fn read(text: &'static str) -> Result<ResetRequest, Code> {
        optional(Ok(Bytes::from_static(text.as_bytes()))).map_err(|error: ApiError| error.code())
    }

    #[test]
    fn an_empty_body_is_the_default() {
        assert_eq!(read("").unwrap(), ResetRequest::default());
        for empty in [" \n", "null", " null\n"] {
            assert_eq!(read(empty).unwrap(), ResetRequest::default());
        }
    }

    #[test]
    fn malformed_json_and_invalid_values_have_different_codes() {
        assert_eq!(read("{").unwrap_err(), Code::MalformedBody);
        assert_eq!(read(r#"{"profil": {}}"#).unwrap_err(), Code::InvalidRequest);
        assert_eq!(read("[null]").unwrap_err(), Code::InvalidRequest);
        assert_eq!(
            read(r#"{"profile": {"pool.maks": 3}}"#).unwrap_err(),
            Code::InvalidRequest
        );
        assert!(
            read(r#"{"profile": {"pool.max": 3}}"#)
                .unwrap()
                .profile
                .is_some()
        );
    }
}
