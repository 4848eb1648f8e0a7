//! Reads JSON bodies, and says which field of one was wrong, and where.

use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::problem::Code;

use crate::error::ApiError;

/// Up to here each whole number is one float, and the other way round: 2^53.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Reads an object. A derived reader would take an array of the fields' values too, in the order
/// in which they happen to be declared.
pub fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.trim_ascii_start().starts_with(b"{") {
        return serde_json::from_slice(body).or_else(|error| {
            let message = error.to_string();
            let is_float = message.starts_with("invalid type: floating point");
            let read = is_float.then(|| with_whole_numbers(body)).flatten();
            read.ok_or_else(|| refuse(body, &error))
        });
    }
    Err(
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => ApiError::new(Code::InvalidRequest, "the body must be a JSON object"),
            Err(error) => refuse(body, &error),
        },
    )
}

/// A body whose numbers like `5.0` are whole numbers, as JSON Schema has it and clients without a
/// type for them send it; none where it does not fit all the same.
fn with_whole_numbers<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    make_whole(&mut value);
    serde_json::from_value(value).ok()
}

fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0 && float.abs() <= LARGEST_WHOLE {
                *value = (float as i64).into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// The refusal of a body that could not be read into its type.
fn refuse(body: &[u8], error: &serde_json::Error) -> ApiError {
    let message = error.to_string();
    // Of some values that do not fit an enum the reader says that they are no JSON.
    let is_data = error.is_data()
        || message.starts_with("expected value") && serde_json::from_slice::<Value>(body).is_ok();
    if !is_data {
        return ApiError::new(Code::MalformedBody, message);
    }
    let detail = match named_before(body, error.line(), error.column()) {
        // Messages about missing and unknown fields name the field themselves.
        Some(field) if !message.contains(" field `") => format!("`{field}`: {message}"),
        _ => message,
    };
    ApiError::new(Code::InvalidRequest, detail)
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
    use serde::Deserialize;

    use super::{named_before, read_object};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        stars: i16,
        #[serde(default)]
        answers: Vec<i64>,
        #[serde(default)]
        share: f64,
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let read = |text: &str| read_object::<Body>(text.as_bytes());
        let body = read(r#"{"stars":5.0,"answers":[1e2,-3.0,7],"share":0.5}"#).unwrap();
        let wanted = Body {
            stars: 5,
            answers: vec![100, -3, 7],
            share: 0.5,
        };
        assert_eq!(body, wanted);
        for wrong in ["5.5", "1e300", "70000.0", "\"5.0\""] {
            let error = read(&format!(r#"{{"stars":{wrong}}}"#)).unwrap_err();
            assert_eq!(error.code(), shared::problem::Code::InvalidRequest);
            assert!(error.detail().contains("`stars`"), "{}", error.detail());
        }
    }

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
