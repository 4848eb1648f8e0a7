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
            let read = is_float.then(|| serde_json::from_slice(&with_whole_numbers(body)).ok());
            read.flatten().ok_or_else(|| refuse(body, &error))
        });
    }
    Err(
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => ApiError::new(Code::InvalidRequest, "the body must be a JSON object"),
            Err(error) => refuse(body, &error),
        },
    )
}

/// The same body with each number like `5.0` written as the whole number that it is, as JSON Schema has it and clients
/// without a type for them send it. All else stays, so that what is wrong with it is found as before.
fn with_whole_numbers(body: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.first() {
        let length = match first {
            b'"' => text_length(rest),
            b'-' | b'0'..=b'9' => {
                let is_of_number = |byte: &&u8| b"+-.0123456789Ee".contains(byte);
                rest.iter().take_while(is_of_number).count()
            }
            _ => 1,
        };
        let (token, later) = rest.split_at(length);
        match whole(token) {
            Some(number) => written.extend_from_slice(number.to_string().as_bytes()),
            None => written.extend_from_slice(token),
        }
        rest = later;
    }
    written
}

/// Bytes of the text that begins with this quote, both quotes included.
fn text_length(body: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = body.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(body.len(), |at| at + 2)
}

/// The whole number that is written like this with a point or an exponent, if it is one.
fn whole(token: &[u8]) -> Option<i64> {
    let is_float = token.len() > 1 && token.iter().any(|byte| b".Ee".contains(byte));
    let float: f64 = is_float.then(|| serde_json::from_slice(token).ok())??;
    (float.fract() == 0.0 && float.abs() <= LARGEST_WHOLE).then_some(float as i64)
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
    use shared::problem::Code;

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
            assert_eq!(error.code(), Code::InvalidRequest);
            assert!(error.detail().contains("`stars`"), "{}", error.detail());
        }
    }

    #[test]
    fn what_else_is_wrong_with_a_body_with_such_a_number_is_refused() {
        for rest in [
            // Twice: a proxy may read the other one.
            r#","stars":1"#,
            r#","stars":5.0"#,
            r#","answers":["1.0"]"#,
            r#","colour":1.0"#,
            r#","\"":1.0"#,
        ] {
            let body = format!(r#"{{"stars":5.0{rest}}}"#);
            let error = read_object::<Body>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::InvalidRequest, "{body}");
        }
        for wrong in ["5.", "05.0", "5.0.0", "-", "1.0e", "\"5.0"] {
            let body = format!(r#"{{"stars":5.0,"answers":[{wrong}]}}"#);
            assert!(read_object::<Body>(body.as_bytes()).is_err(), "{body}");
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
