//! Headers that a request has at most once (RFC 9110, 5.3).
//!
//! Where one comes twice, a proxy that reads the last line and a server that reads the first see
//! two different requests: another user, another range, another key.

use axum::http::{HeaderMap, HeaderName, header};
use shared::{
    headers::{IDEMPOTENCY_KEY, LAB_TOKEN, PAYMENT_SIGNATURE},
    problem::Code,
};

use crate::error::ApiError;

/// Those that this program reads and that are no lists; `Host` has a check of its own.
const SINGLE: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::RANGE,
    header::IF_RANGE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    HeaderName::from_static(IDEMPOTENCY_KEY),
    HeaderName::from_static(LAB_TOKEN),
    HeaderName::from_static(PAYMENT_SIGNATURE),
];

/// Refuses a request that has one of them more than once.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let twice = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    match SINGLE.iter().find(twice) {
        None => Ok(()),
        Some(name) => Err(ApiError::new(
            Code::BadRequest,
            format!("`{name}` is there more than once"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_them_is_right_once_and_refused_twice() {
        for name in &SINGLE {
            let mut headers = HeaderMap::new();
            headers.append(name, "a".parse().unwrap());
            assert!(check(&headers).is_ok(), "{name}");
            headers.append(name, "a".parse().unwrap());
            assert!(check(&headers).is_err(), "{name}");
        }
    }
}
