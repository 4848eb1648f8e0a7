//! Answers that travel compressed: asked for only where a run says so, counted as they came over
//! the wire, and unpacked for the checks after their time was taken.

use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderValue, header};
use shared::profile::Compression;

use super::connection::LARGEST_BODY;
use crate::check::Reply;

/// An encoding that the target is told one can unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Br,
}

impl Encoding {
    /// What a client asks for that wants what the target's switch offers.
    pub const fn of(offered: Compression) -> Option<Self> {
        match offered {
            Compression::Off => None,
            Compression::Gzip => Some(Self::Gzip),
            Compression::Br => Some(Self::Br),
        }
    }

    /// The value of `Accept-Encoding`.
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
        })
    }
}

/// Puts the body in place that was compressed, if it was.
pub(super) fn unpack(reply: &mut Reply) -> Result<(), String> {
    let Some(encoding) = reply.headers.get(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    let whole = match encoding.as_bytes() {
        b"gzip" => whole(flate2::read::MultiGzDecoder::new(&reply.body[..])),
        b"br" => whole(brotli_decompressor::Decompressor::new(
            &reply.body[..],
            reply.body.len().clamp(512, 64 * 1024),
        )),
        b"identity" => return Ok(()),
        other => {
            let name = String::from_utf8_lossy(other);
            return Err(format!(
                "the body is packed as `{name}`, which was not asked for"
            ));
        }
    };
    reply.body = whole.map_err(|error| format!("the body cannot be unpacked: {error}"))?;
    Ok(())
}

/// What a decoder gives, as long as it is no longer than a body may be.
fn whole(decoder: impl Read) -> io::Result<Bytes> {
    let mut out = Vec::with_capacity(16 * 1024);
    decoder
        .take(LARGEST_BODY as u64 + 1)
        .read_to_end(&mut out)?;
    if out.len() > LARGEST_BODY {
        return Err(io::Error::other(format!(
            "it is longer than {LARGEST_BODY} bytes"
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
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_what_is_not_stays_as_it_is() {
        let text = b"a mentor, and a mentor, and a mentor".repeat(100);
        let mut packed = reply(Some("gzip"), gzip(&text));
        unpack(&mut packed).unwrap();
        assert_eq!(packed.body, text);
        // "hello" as one uncompressed piece, by the book (RFC 7932, section 9.2).
        let mut packed = reply(Some("br"), b"\x0b\x02\x80hello\x03".to_vec());
        unpack(&mut packed).unwrap();
        assert_eq!(&packed.body[..], b"hello");
        let mut plain = reply(None, b"plain".to_vec());
        unpack(&mut plain).unwrap();
        assert_eq!(&plain.body[..], b"plain");
    }

    #[test]
    fn a_broken_or_unknown_packing_says_so() {
        let why = unpack(&mut reply(Some("gzip"), b"no gzip".to_vec())).unwrap_err();
        assert!(why.contains("cannot be unpacked"), "{why}");
        let mut short = gzip(&[7; 10_000]);
        short.truncate(short.len() / 2);
        assert!(unpack(&mut reply(Some("gzip"), short)).is_err());
        let why = unpack(&mut reply(Some("zstd"), Vec::new())).unwrap_err();
        assert!(why.contains("`zstd`"), "{why}");
    }

    #[test]
    fn one_asks_for_what_the_target_offers() {
        assert_eq!(Encoding::of(Compression::Off), None);
        assert_eq!(Encoding::of(Compression::Br).unwrap().header(), "br");
        assert_eq!(Encoding::of(Compression::Gzip).unwrap().header(), "gzip");
    }
}
