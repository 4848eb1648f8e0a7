//! Compressed responses: requested only where a run asks for them, counted in compressed bytes, and
//! decompressed for the checks after their time was taken.

use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderValue, header};

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

/// Replaces a compressed body by its content, of which at most `keep` bytes are kept. A response without a body
/// stays as it is: that to HEAD, and one of status 304, names the coding of a body that it does not have.
pub(super) fn decompress(reply: &mut Reply, keep: usize) -> Result<(), String> {
    let Some(encoding) = reply.headers.get(&header::CONTENT_ENCODING) else {
        return Ok(());
    };
    let input = &reply.body[..];
    // Names of codings have no case, and `x-gzip` is an old one of gzip (RFC 9110, section 8.4.1).
    let (content, ended) = match encoding.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" | "br" if reply.bytes == 0 => return Ok(()),
        "gzip" | "x-gzip" => read_up_to(keep, flate2::read::MultiGzDecoder::new(input)),
        "br" => {
            let buffer = input.len().clamp(512, 64 * 1024);
            read_up_to(keep, brotli_decompressor::Decompressor::new(input, buffer))
        }
        "identity" => return Ok(()),
        _ => {
            return Err(format!(
                "the body is encoded as `{encoding}`, which was not asked for"
            ));
        }
    };
    match ended {
        Ok(whole) => reply.cut |= !whole,
        // The end of the compressed bytes was not kept.
        Err(error) if reply.cut && error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(format!("the body cannot be decompressed: {error}")),
    }
    reply.body = content;
    Ok(())
}

/// The output of a decoder, and whether that is all of it.
fn read_up_to(keep: usize, decoder: impl Read) -> (Bytes, io::Result<bool>) {
    let mut out = Vec::with_capacity(keep.min(16 * 1024));
    let ended = decoder.take(keep as u64 + 1).read_to_end(&mut out);
    let whole = out.len() <= keep;
    out.truncate(keep);
    (out.into(), ended.map(|_| whole))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderMap;

    use super::*;

    const KEEP: usize = 64 * 1024;

    fn reply(encoding: Option<&'static str>, body: Vec<u8>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Reply::new(200, headers, body.into())
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
        decompress(&mut compressed, KEEP).unwrap();
        assert_eq!(compressed.body, text);
        // "hello" as one uncompressed block (RFC 7932, section 9.2).
        let mut compressed = reply(Some("br"), b"\x0b\x02\x80hello\x03".to_vec());
        decompress(&mut compressed, KEEP).unwrap();
        assert_eq!(&compressed.body[..], b"hello");
        let mut plain = reply(None, b"plain".to_vec());
        decompress(&mut plain, KEEP).unwrap();
        assert_eq!(&plain.body[..], b"plain");
    }

    #[test]
    fn a_coding_is_known_by_any_spelling_and_no_body_is_none_that_is_broken() {
        for name in ["GZip", "x-gzip"] {
            let mut compressed = reply(Some(name), gzip(b"an order"));
            decompress(&mut compressed, KEEP).unwrap();
            assert_eq!(&compressed.body[..], b"an order", "{name}");
        }
        for name in ["gzip", "br"] {
            // To HEAD, for example.
            let mut without = reply(Some(name), Vec::new());
            assert_eq!(decompress(&mut without, KEEP), Ok(()), "{name}");
            assert!(without.body.is_empty() && !without.cut);
        }
    }

    #[test]
    fn of_a_long_body_the_beginning_is_decompressed_whichever_end_is_missing() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        let compressed = gzip(&text);
        let mut long = reply(Some("gzip"), compressed.clone());
        decompress(&mut long, 1_000).unwrap();
        assert_eq!((&long.body[..], long.cut), (&text[..1_000], true));
        // Only the beginning of the compressed bytes was kept.
        let mut begun = reply(Some("gzip"), compressed[..compressed.len() / 2].to_vec());
        begun.cut = true;
        decompress(&mut begun, text.len()).unwrap();
        assert!(begun.cut && begun.body.len() > 1_000);
        assert_eq!(begun.body, text[..begun.body.len()]);
    }

    #[test]
    fn broken_data_and_unknown_codings_are_refused() {
        let why = decompress(&mut reply(Some("gzip"), b"no gzip".to_vec()), KEEP).unwrap_err();
        assert!(why.contains("cannot be decompressed"), "{why}");
        let mut short = gzip(&[7; 10_000]);
        short.truncate(short.len() / 2);
        assert!(decompress(&mut reply(Some("gzip"), short), KEEP).is_err());
        let why = decompress(&mut reply(Some("zstd"), Vec::new()), KEEP).unwrap_err();
        assert!(why.contains("`zstd`"), "{why}");
    }

    #[test]
    fn a_coding_is_requested_by_its_registered_name() {
        assert_eq!(Encoding::Br.header(), "br");
        assert_eq!(Encoding::Gzip.header(), "gzip");
    }
}
