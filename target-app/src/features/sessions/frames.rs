//! How signals are read, and what the server writes. Pure.
//!
//! Anything that is not one of the documented frames ends the connection: whatever sent it does not speak
//! this protocol.

use shared::{
    api::sessions::{
        MAX_CANDIDATE_BYTES, MAX_MID_BYTES, MAX_SDP_BYTES, RelayFrame, SignalFrame, close,
    },
    ids::UserId,
    problem::Code,
};

use crate::realtime::{FrameText, SocketEnd};

/// How a connection ends whose client sends something that is no frame.
pub(super) const NO_FRAME: SocketEnd =
    SocketEnd::Close(close::POLICY, "frames are the documented JSON objects");

/// What a client's text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// To be sent to the other participant.
    Relay(RelayFrame, SignalKind),
    /// To be answered.
    Ping(u64),
}

/// Kinds of relayed signals, as metrics name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalKind {
    Offer,
    Answer,
    Ice,
}

impl SignalKind {
    /// The word in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Ice => "ice",
        }
    }
}

/// Reads a client's text, sent by `from`.
pub(super) fn read(text: &str, from: UserId) -> Result<Signal, SocketEnd> {
    // The derived reader would take an array of a kind and its fields, too.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(NO_FRAME);
    }
    let frame = serde_json::from_str(text).map_err(|_| NO_FRAME)?;
    match frame {
        SignalFrame::Offer { sdp } => {
            described(&sdp)?;
            Ok(Signal::Relay(
                RelayFrame::Offer { from, sdp },
                SignalKind::Offer,
            ))
        }
        SignalFrame::Answer { sdp } => {
            described(&sdp)?;
            Ok(Signal::Relay(
                RelayFrame::Answer { from, sdp },
                SignalKind::Answer,
            ))
        }
        SignalFrame::Ice {
            candidate,
            sdp_mid,
            sdp_m_line_index,
        } => {
            let long_mid = sdp_mid
                .as_ref()
                .is_some_and(|mid| mid.len() > MAX_MID_BYTES);
            if candidate.len() > MAX_CANDIDATE_BYTES || long_mid {
                return Err(NO_FRAME);
            }
            let frame = RelayFrame::Ice {
                from,
                candidate,
                sdp_mid,
                sdp_m_line_index,
            };
            Ok(Signal::Relay(frame, SignalKind::Ice))
        }
        SignalFrame::Ping { nonce } => Ok(Signal::Ping(nonce)),
    }
}

fn described(sdp: &str) -> Result<(), SocketEnd> {
    if (1..=MAX_SDP_BYTES).contains(&sdp.len()) {
        Ok(())
    } else {
        Err(NO_FRAME)
    }
}

/// Writes a frame.
pub(super) fn write(frame: &RelayFrame) -> FrameText {
    serde_json::to_string(frame)
        .expect("frames are strings and numbers")
        .into()
}

/// An error frame.
pub(super) fn refusal(code: Code, detail: &str) -> RelayFrame {
    RelayFrame::Error {
        code: code.as_str().to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ANN: UserId = UserId(uuid::Uuid::from_u128(7));

    #[test]
    fn a_signal_is_passed_on_as_it_came_and_says_who_sent_it() {
        let offer = json!({"type": "offer", "sdp": "v=0\r\n"}).to_string();
        let Ok(Signal::Relay(frame, SignalKind::Offer)) = read(&offer, ANN) else {
            panic!("an offer");
        };
        let written: serde_json::Value = serde_json::from_str(&write(&frame)).unwrap();
        assert_eq!(
            written,
            json!({"type": "offer", "from": ANN, "sdp": "v=0\r\n"})
        );
        let ice = json!({"type": "ice", "candidate": "", "sdp_m_line_index": 0}).to_string();
        assert!(matches!(
            read(&ice, ANN),
            Ok(Signal::Relay(RelayFrame::Ice { from: ANN, .. }, _))
        ));
    }

    #[test]
    fn what_is_no_documented_frame_ends_the_connection() {
        let long = |bytes: usize| "x".repeat(bytes);
        for text in [
            String::new(),
            "offer".to_owned(),
            "[\"offer\", {\"sdp\": \"v=0\"}]".to_owned(),
            json!({"type": "offer"}).to_string(),
            json!({"type": "offer", "sdp": ""}).to_string(),
            json!({"type": "offer", "sdp": "v=0", "from": ANN}).to_string(),
            json!({"type": "offer", "sdp": long(MAX_SDP_BYTES + 1)}).to_string(),
            json!({"type": "answer", "sdp": 5}).to_string(),
            json!({"type": "ice", "candidate": long(MAX_CANDIDATE_BYTES + 1)}).to_string(),
            json!({"type": "ice", "candidate": "", "sdp_mid": long(MAX_MID_BYTES + 1)}).to_string(),
            json!({"type": "ice", "candidate": "", "sdp_m_line_index": -1}).to_string(),
            json!({"type": "shout", "sdp": "v=0"}).to_string(),
        ] {
            assert_eq!(read(&text, ANN), Err(NO_FRAME), "{text}");
        }
    }

    /// Right signals.
    fn signals() -> impl Strategy<Value = SignalFrame> {
        let sdp = || ".{1,60}";
        prop_oneof![
            sdp().prop_map(|sdp| SignalFrame::Offer { sdp }),
            sdp().prop_map(|sdp| SignalFrame::Answer { sdp }),
            (".{0,60}", prop::option::of(".{0,6}"), any::<Option<u16>>()).prop_map(
                |(candidate, sdp_mid, sdp_m_line_index)| SignalFrame::Ice {
                    candidate,
                    sdp_mid,
                    sdp_m_line_index,
                }
            ),
            any::<u64>().prop_map(|nonce| SignalFrame::Ping { nonce }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_right_signal_is_passed_on_with_its_fields_and_its_sender(signal in signals()) {
            let mut expected = serde_json::to_value(&signal).unwrap();
            match read(&expected.to_string(), ANN) {
                Ok(Signal::Relay(frame, _)) => {
                    expected["from"] = json!(ANN);
                    let written: serde_json::Value = serde_json::from_str(&write(&frame)).unwrap();
                    prop_assert_eq!(written, expected);
                }
                Ok(Signal::Ping(nonce)) => prop_assert_eq!(signal, SignalFrame::Ping { nonce }),
                Err(end) => prop_assert!(false, "{expected}: {end:?}"),
            }
        }

        #[test]
        fn a_signal_that_was_cut_ends_the_connection_and_an_altered_one_is_read_or_does(
            signal in signals(),
            place in any::<prop::sample::Index>(),
            put in ".{0,3}",
            cut in any::<bool>(),
        ) {
            let text = serde_json::to_string(&signal).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let (begin, end) = chars.split_at(place.index(chars.len()));
            let begin: String = begin.iter().collect();
            let altered: String = end.iter().skip(1).collect();
            let text = if cut { begin } else { begin + &put + &altered };
            match read(&text, ANN) {
                Ok(_) => prop_assert!(!cut, "{text}"),
                Err(end) => prop_assert_eq!(end, NO_FRAME),
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic_and_what_it_reads_it_can_write(
            text in prop_oneof![".{0,200}", "[\\[\\]{}\":,a-e0-9 .+-]{0,60}"]
        ) {
            match read(&text, ANN) {
                Ok(Signal::Relay(frame, _)) => { write(&frame); }
                Ok(Signal::Ping(_)) => {}
                Err(end) => prop_assert_eq!(end, NO_FRAME),
            }
        }
    }
}
