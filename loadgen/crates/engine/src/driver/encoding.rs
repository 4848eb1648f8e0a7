//! Compressed responses: requested only where a run asks for them, counted in compressed bytes, and
//! decompressed for the checks after their time was taken.

use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderValue, header};

use super::message::MAX_BODY_BYTES;
use crate::check::Reply;

/// A content coding that requests accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Br,
}

impl Encoding {
    /// The value of `Accept-Encoding`.
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
        })
    }
}

/// Replaces a compressed body by its content.
pub(super) fn decompress(reply: &mut Reply) -> Result<(), String> {
    let Some(encoding) = reply.headers.get(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    let body = match encoding.as_bytes() {
        b"gzip" => read_all(flate2::read::MultiGzDecoder::new(&reply.body[..])),
        b"br" => read_all(brotli_decompressor::Decompressor::new(
            &reply.body[..],
            reply.body.len().clamp(512, 64 * 1024),
        )),
        b"identity" => return Ok(()),
        other => {
            let name = String::from_utf8_lossy(other);
            return Err(format!(
                "the body is encoded as `{name}`, which was not asked for"
            ));
        }
    };
    reply.body = body.map_err(|error| format!("the body cannot be decompressed: {error}"))?;
    Ok(())
}

/// The output of a decoder, up to the longest body that is read.
fn read_all(decoder: impl Read) -> io::Result<Bytes> {
    let mut out = Vec::with_capacity(16 * 1024);
    decoder
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut out)?;
    if out.len() > MAX_BODY_BYTES {
        return Err(io::Error::other(format!(
            "it is longer than {MAX_BODY_BYTES} bytes"
        )));
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderMap;

    use super::*;

    fn reply(encoding: Option<&'static str>, body: Vec<u8>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Reply {
            status: 200,
            headers,
            body: body.into(),
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        compressed.write_all(text).unwrap();
        compressed.finish().unwrap()
    }

    #[test]
    fn compressed_bodies_are_decompressed_and_others_stay_as_they_are() {
        let text = b"an order, and an order, and an order".repeat(100);
        let mut compressed = reply(Some("gzip"), gzip(&text));
        decompress(&mut compressed).unwrap();
        assert_eq!(compressed.body, text);
        // "hello" as one uncompressed block (RFC 7932, section 9.2).
        let mut compressed = reply(Some("br"), b"\x0b\x02\x80hello\x03".to_vec());
        decompress(&mut compressed).unwrap();
        assert_eq!(&compressed.body[..], b"hello");
        let mut plain = reply(None, b"plain".to_vec());
        decompress(&mut plain).unwrap();
        assert_eq!(&plain.body[..], b"plain");
    }

    #[test]
    fn broken_data_and_unknown_codings_are_refused() {
        let why = decompress(&mut reply(Some("gzip"), b"no gzip".to_vec())).unwrap_err();
        assert!(why.contains("cannot be decompressed"), "{why}");
        let mut short = gzip(&[7; 10_000]);
        short.truncate(short.len() / 2);
        assert!(decompress(&mut reply(Some("gzip"), short)).is_err());
        let why = decompress(&mut reply(Some("zstd"), Vec::new())).unwrap_err();
        assert!(why.contains("`zstd`"), "{why}");
    }

    #[test]
    fn a_coding_is_requested_by_its_registered_name() {
        assert_eq!(Encoding::Br.header(), "br");
        assert_eq!(Encoding::Gzip.header(), "gzip");
    }
}
