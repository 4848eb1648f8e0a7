//! How a client's texts are read and the server's frames are written. Pure.
//!
//! A text that is no JSON ends the connection: whatever sent it does not speak this protocol.
//! JSON of another shape is answered with an error frame: an old client stays connected.

use serde_json::Value;
use shared::{
    api::chat::{ClientFrame, ServerFrame},
    problem::Code,
};

use super::model::{InvalidField, MAX_CLIENT_ID};
use crate::{error::ApiError, realtime::FrameText};

/// Why a text is not a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FrameError {
    /// It is not JSON.
    NotJson,
    /// It is JSON, but not one of the documented frames: what to answer.
    Refused(Box<ServerFrame>),
}

/// Reads a client's text.
pub(super) fn read(text: &str) -> Result<ClientFrame, FrameError> {
    // The derived reader would take an array of a kind and its fields, too.
    let is_object = text.trim_ascii_start().starts_with('{');
    let frame = serde_json::from_str(text);
    let frame = if is_object {
        frame
    } else {
        frame.and_then(|_: ClientFrame| Err(serde::de::Error::custom("a frame is an object")))
    };
    frame.map_err(|error| {
        // A frame of a wrong shape may be refused before its end was looked at.
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            return FrameError::NotJson;
        };
        let client_id = value
            .get("client_id")
            .and_then(Value::as_str)
            .filter(|name| name.chars().count() <= MAX_CLIENT_ID)
            .map(str::to_owned);
        let detail = format!("not one of the documented frames: {error}");
        let error = ApiError::new(Code::MalformedBody, detail);
        FrameError::Refused(Box::new(refusal(&error, client_id)))
    })
}

/// Writes a server's frame.
pub(super) fn write(frame: &ServerFrame) -> FrameText {
    serde_json::to_string(frame)
        .expect("frames are strings, numbers and times")
        .into()
}

/// An error frame; `client_id` names the message that it is about.
pub(super) fn refusal(error: &ApiError, client_id: Option<String>) -> ServerFrame {
    ServerFrame::Error {
        code: error.code().as_str().to_owned(),
        detail: error.detail().to_owned(),
        client_id,
    }
}

/// A field that is out of range, as an error.
pub(super) fn invalid((field, right): InvalidField) -> ApiError {
    ApiError::invalid(field, &right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::ids::RoomId;
    use uuid::Uuid;

    use super::*;

    fn frames() -> impl Strategy<Value = ClientFrame> {
        let room = || any::<u128>().prop_map(|id| RoomId(Uuid::from_u128(id)));
        prop_oneof![
            (room(), any::<Option<i64>>())
                .prop_map(|(room, after_seq)| ClientFrame::Join { room, after_seq }),
            room().prop_map(|room| ClientFrame::Leave { room }),
            (room(), ".{0,20}", ".{0,60}").prop_map(|(room, client_id, text)| {
                ClientFrame::Send {
                    room,
                    client_id,
                    text,
                }
            }),
            room().prop_map(|room| ClientFrame::Typing { room }),
            any::<u64>().prop_map(|nonce| ClientFrame::Ping { nonce }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_frame_reads_back_as_a_client_wrote_it(frame in frames()) {
            let text = serde_json::to_string(&frame).unwrap();
            prop_assert_eq!(read(&text), Ok(frame));
        }

        #[test]
        fn a_frame_that_was_cut_or_altered_is_read_or_refused(
            frame in frames(),
            place in any::<prop::sample::Index>(),
            put in ".{0,3}",
            cut in any::<bool>(),
        ) {
            let text = serde_json::to_string(&frame).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let (begin, end) = chars.split_at(place.index(chars.len()));
            let begin: String = begin.iter().collect();
            let altered: String = end.iter().skip(1).collect();
            let text = if cut { begin } else { begin + &put + &altered };
            match read(&text) {
                Ok(_) => prop_assert!(!cut),
                Err(FrameError::NotJson) => {
                    prop_assert!(serde_json::from_str::<Value>(&text).is_err());
                }
                Err(FrameError::Refused(_)) => {
                    prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
                }
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in prop_oneof![".{0,60}", "[\\[\\]{}\":,a-e0-9 .+-]{0,60}"]) {
            let read = read(&text);
            prop_assert_eq!(
                read == Err(FrameError::NotJson),
                serde_json::from_str::<Value>(&text).is_err()
            );
        }
    }

    #[test]
    fn documented_frames_are_read() {
        let room = RoomId(Uuid::nil());
        let text = r#"{"type":"join","room":"00000000-0000-0000-0000-000000000000"}"#;
        let join = ClientFrame::Join {
            room,
            after_seq: None,
        };
        assert_eq!(read(text), Ok(join));
        let text = r#" {"nonce": 18446744073709551615, "type": "ping"} "#;
        assert_eq!(read(text), Ok(ClientFrame::Ping { nonce: u64::MAX }));
    }

    #[test]
    fn json_of_another_shape_is_refused_by_name() {
        for text in [
            r#"{"type":"shout","client_id":"c-1"}"#,
            r#"{"type":"send","client_id":"c-1"}"#,
            r#"{"type":"ping","nonce":1,"client_id":"c-1"}"#,
            r#"{"client_id":"c-1"}"#,
        ] {
            let Err(FrameError::Refused(frame)) = read(text) else {
                panic!("{text} should be refused");
            };
            let ServerFrame::Error {
                code, client_id, ..
            } = *frame
            else {
                panic!("{text} should be answered with an error");
            };
            assert_eq!(code, "malformed_body");
            assert_eq!(client_id.as_deref(), Some("c-1"), "{text}");
        }
        let array = r#"["ping",{"nonce":1}]"#;
        for text in [array, "[]", "7", "null", r#""join""#, r#"{"type":"ping"}"#] {
            assert!(matches!(read(text), Err(FrameError::Refused(_))), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_apart_even_behind_a_good_begin() {
        for text in ["", "hello", "{", r#"{"type":"shout"} x"#, "{'type':'ping'}"] {
            assert_eq!(read(text), Err(FrameError::NotJson), "{text}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(read(&deep), Err(FrameError::NotJson));
    }

    #[test]
    fn a_name_that_is_too_long_is_not_echoed() {
        let text = format!(r#"{{"type":"x","client_id":"{}"}}"#, "c".repeat(65));
        let Err(FrameError::Refused(frame)) = read(&text) else {
            panic!("it should be refused");
        };
        assert!(matches!(
            *frame,
            ServerFrame::Error {
                client_id: None,
                ..
            }
        ));
    }

    #[test]
    fn what_the_server_writes_reads_back() {
        let frame = ServerFrame::Lagged {
            room: RoomId(Uuid::nil()),
            after_seq: 7,
        };
        let text = write(&frame);
        assert_eq!(serde_json::from_str::<ServerFrame>(&text).unwrap(), frame);
    }
}
