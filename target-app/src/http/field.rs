//! Reads JSON bodies, and says which field of one was wrong, and where.

use serde::de::DeserializeOwned;
use shared::problem::Code;

use crate::error::ApiError;

/// Reads an object. A derived reader would take an array of the fields' values too, in the order
/// in which they happen to be declared.
pub fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.trim_ascii_start().starts_with(b"{") {
        return serde_json::from_slice(body).map_err(|error| refuse(body, &error));
    }
    Err(
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => ApiError::new(Code::InvalidRequest, "the body must be a JSON object"),
            Err(error) => refuse(body, &error),
        },
    )
}

/// The refusal of a body that could not be read into its type.
fn refuse(body: &[u8], error: &serde_json::Error) -> ApiError {
    let message = error.to_string();
    // Of an enum the reader says of some values that do not fit that they are no JSON.
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match error.classify() {
        _ if is_json() => {
            let named = named_before(body, error.line(), error.column());
            let detail = match named {
                // Messages about missing and unknown fields name the field themselves.
                Some(field) if !message.contains(" field `") => format!("`{field}`: {message}"),
                _ => message,
            };
            ApiError::new(Code::InvalidRequest, detail)
        }
        _ => ApiError::new(Code::MalformedBody, message),
    }
}

/// The last `"name":` before a 1-based line and column.
fn named_before(body: &[u8], line: usize, column: usize) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let before: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let mut head = text.get(..(before + column).min(text.len()))?;
    loop {
        let (rest, _) = head.rsplit_once(':')?;
        let quoted = rest.trim_end();
        if let Some(inner) = quoted.strip_suffix('"')
            && let Some((_, name)) = inner.rsplit_once('"')
        {
            return Some(name.chars().take(64).collect());
        }
        // A colon inside of a value.
        head = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::named_before;

    #[test]
    fn the_field_before_a_position_is_found() {
        let body = "{\n  \"email\": \"a:b\",\n  \"grade\" : \"x\"\n}";
        let at = |line, column| named_before(body.as_bytes(), line, column);
        assert_eq!(at(3, 16).as_deref(), Some("grade"));
        assert_eq!(at(2, 18).as_deref(), Some("email"));
        assert_eq!(at(1, 1), None);
        assert_eq!(at(99, 99).as_deref(), Some("grade"));
    }
}
