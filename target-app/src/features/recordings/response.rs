//! A file, or a part of it, as an HTTP answer.

use std::{io, path::Path};

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::problem::Code;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

use super::range::{self, RangePart};
use crate::error::ApiError;

/// Bytes read from the file at a time; a slow client holds no more than this in memory.
const CHUNK: usize = 64 * 1_024;

/// Answers with the bytes of `file` that `asked` wants.
///
/// A recording never changes under its key, so key and length make a strong entity tag that
/// is the same on every instance.
pub(super) async fn of_file(
    file: &Path,
    key: &str,
    asked: &HeaderMap,
) -> Result<Response, ApiError> {
    let (mut file, length) = open(file).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            ApiError::new(Code::Unavailable, "this server does not have the file").caused_by(error)
        }
        _ => ApiError::internal(error),
    })?;
    let etag = format!("\"{key}-{length:x}\"");
    let text = |name| {
        asked
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };

    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, value(&etag));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=600, no-transform"),
    );
    // A list may come in several lines (RFC 9110, 5.3).
    let mut known = asked.get_all(header::IF_NONE_MATCH).iter();
    if known.any(|line| range::is_known(line.to_str().ok(), &etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }

    // A header that is there but unreadable names no version that this could be.
    let if_range = asked
        .get(header::IF_RANGE)
        .map(|value| value.to_str().unwrap_or_default());
    let wanted = text(header::RANGE).filter(|_| range::may_continue(if_range, &etag));
    let part = match range::part(wanted, length) {
        RangePart::Whole => 0..length,
        RangePart::Some(part) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let span = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            response
                .headers_mut()
                .insert(header::CONTENT_RANGE, value(&span));
            part
        }
        RangePart::Outside => {
            return Err(ApiError::new(
                Code::RangeNotSatisfiable,
                format!("the file has {length} bytes"),
            )
            .content_range(length));
        }
    };
    file.seek(io::SeekFrom::Start(part.start))
        .await
        .map_err(ApiError::internal)?;
    let size = part.end - part.start;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    *response.body_mut() = Body::from_stream(ReaderStream::with_capacity(file.take(size), CHUNK));
    Ok(response)
}

async fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let about = file.metadata().await?;
    if about.is_file() {
        Ok((file, about.len()))
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("keys are [a-z0-9-] and the rest is digits and punctuation")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn ask(headers: &[(http::HeaderName, &str)]) -> Result<Response, ApiError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.bin");
        std::fs::write(&path, b"0123456789").unwrap();
        let mut asked = HeaderMap::new();
        for (name, value) in headers {
            asked.append(name, value.parse().unwrap());
        }
        of_file(&path, "clip", &asked).await
    }

    async fn body(response: Response) -> Vec<u8> {
        let collected = response.into_body().collect().await.unwrap();
        collected.to_bytes().to_vec()
    }

    #[tokio::test]
    async fn the_whole_file_comes_with_its_length_and_version() {
        let response = ask(&[]).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "10");
        assert_eq!(response.headers()[header::ETAG], "\"clip-a\"");
        assert_eq!(response.headers()[header::ACCEPT_RANGES], "bytes");
        assert_eq!(body(response).await, b"0123456789");
    }

    #[tokio::test]
    async fn a_part_says_which_part_it_is() {
        let response = ask(&[(header::RANGE, "bytes=2-4")]).await.unwrap();
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes 2-4/10");
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "3");
        assert_eq!(body(response).await, b"234");
    }

    #[tokio::test]
    async fn a_part_of_another_version_is_answered_with_the_whole() {
        let asked = [
            (header::RANGE, "bytes=2-4"),
            (header::IF_RANGE, "\"clip-b\""),
        ];
        let response = ask(&asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(body(response).await, b"0123456789");
    }

    #[tokio::test]
    async fn a_known_version_is_not_sent_again() {
        let asked = [
            (header::RANGE, "bytes=2-4"),
            (header::IF_NONE_MATCH, "\"clip-a\""),
        ];
        let response = ask(&asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(body(response).await.is_empty());
        // In two lines, as in one.
        let asked = [
            (header::IF_NONE_MATCH, "\"other\""),
            (header::IF_NONE_MATCH, "\"clip-a\""),
        ];
        let response = ask(&asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn a_part_behind_the_end_is_a_problem_that_tells_the_length() {
        use axum::response::IntoResponse as _;
        let error = ask(&[(header::RANGE, "bytes=10-")]).await.unwrap_err();
        assert_eq!(error.code(), Code::RangeNotSatisfiable);
        let response = error.into_response();
        assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes */10");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_makes_the_recording_unavailable() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.bin"), folder.path().to_owned()] {
            let error = of_file(&path, "none", &HeaderMap::new()).await.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable);
        }
    }
}
