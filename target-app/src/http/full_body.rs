//! Reading the body of a request whole, before anything is done with the request.
//!
//! Whoever sends a body need not be signed in. So few large ones are in memory at once, and none of those takes its
//! place for longer than its bytes need: clients that send slowly, or stop, would keep all others out.

use std::{error::Error, time::Duration};

use axum::body::{Body, HttpBody as _, to_bytes};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use shared::problem::Code;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use crate::error::ApiError;

/// Largest body that any route takes, except that for submitted files. Any client may have so much of a body in memory.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Larger bodies that are in memory at once; further ones wait.
const LARGE_BODIES: usize = 64;
/// Bytes a second at which a large body has to come, once it has a place.
const MIN_RATE: u32 = 128 * 1024;
/// By so much it may be late.
const MAX_DELAY: Duration = Duration::from_secs(5);

static LARGE: Semaphore = Semaphore::const_new(LARGE_BODIES);

/// A body that was received whole.
#[derive(Debug)]
pub(super) struct FullBody {
    pub(super) bytes: Bytes,
    /// The place of a large one; to be kept as long as the bytes are.
    pub(super) place: Option<SemaphorePermit<'static>>,
}

/// Reads a body of at most `most` bytes.
pub(super) async fn read(body: Body, most: usize) -> Result<FullBody, ApiError> {
    // Without a length it may become as large as it may be.
    let length = body.size_hint().upper();
    if most > MAX_BODY_BYTES && length.is_none_or(|bytes| bytes > MAX_BODY_BYTES as u64) {
        return read_large(body, most, &LARGE).await;
    }
    let bytes = to_bytes(body, most)
        .await
        .map_err(|failure| refusal(&failure, most))?;
    Ok(FullBody { bytes, place: None })
}

/// Reads a body that may be large. Its place is taken when more has come than any client may have in memory: one that
/// sends little or nothing has none.
async fn read_large(
    body: Body,
    most: usize,
    places: &'static Semaphore,
) -> Result<FullBody, ApiError> {
    let mut body = Limited::new(body, most);
    let mut bytes = BytesMut::new();
    let mut large: Option<LargeBody> = None;
    loop {
        let frame = match &large {
            None => body.frame().await,
            Some(large) => timeout_at(large.due(bytes.len()), body.frame())
                .await
                .map_err(|_| too_slow())?,
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|failure| refusal(&axum::Error::new(failure), most))?;
        // Trailers are passed over.
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if large.is_none() && bytes.len() > MAX_BODY_BYTES {
            let place = places.acquire().await.expect("it is never closed");
            large = Some(LargeBody {
                place,
                since: Instant::now(),
                before: bytes.len(),
            });
        }
    }
    Ok(FullBody {
        bytes: bytes.freeze(),
        place: large.map(|large| large.place),
    })
}

/// A large body that is being received.
struct LargeBody {
    place: SemaphorePermit<'static>,
    /// When it got its place.
    since: Instant,
    /// Bytes that had come by then.
    before: usize,
}

impl LargeBody {
    /// When more has to have come than so many bytes.
    fn due(&self, bytes: usize) -> Instant {
        let seconds = (bytes - self.before) as f64 / f64::from(MIN_RATE);
        self.since + MAX_DELAY + Duration::from_secs_f64(seconds)
    }
}

fn too_slow() -> ApiError {
    let detail = format!("a large body has to come at {MIN_RATE} bytes a second");
    ApiError::new(Code::Timeout, detail)
}

fn refusal(failure: &axum::Error, most: usize) -> ApiError {
    let too_large = failure
        .source()
        .is_some_and(<dyn Error>::is::<LengthLimitError>);
    if too_large {
        ApiError::new(Code::TooLarge, format!("at most {most} bytes"))
    } else {
        ApiError::new(Code::MalformedBody, "the body ended early")
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    const MOST: usize = 1024 * 1024;

    /// A body that comes in parts of so many bytes, one each second, and then does not end.
    fn slow(first: usize, each: usize) -> Body {
        Body::from_stream(stream::unfold(first, move |size| async move {
            if size == 0 {
                return std::future::pending().await;
            }
            if size != first {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Some((Ok::<_, Infallible>(vec![b'a'; size]), each))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_that_stops_or_comes_slowly_gives_its_place_back() {
        static PLACES: Semaphore = Semaphore::const_new(1);
        for each in [0, 1, MIN_RATE as usize / 2] {
            let refused = read_large(slow(MAX_BODY_BYTES + 1, each), MOST, &PLACES).await;
            assert_eq!(refused.unwrap_err().code(), Code::Timeout, "{each}");
            assert_eq!(PLACES.available_permits(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_of_which_little_has_come_takes_no_place_and_one_that_comes_fast_enough_keeps_it()
     {
        static PLACES: Semaphore = Semaphore::const_new(1);
        let mut little = Box::pin(read_large(slow(MAX_BODY_BYTES, 0), MOST, &PLACES));
        assert!(futures_util::poll!(&mut little).is_pending());
        assert_eq!(PLACES.available_permits(), 1);
        let parts = (0..5).map(|_| Ok::<_, Infallible>(vec![b'a'; 2 * MIN_RATE as usize]));
        let steady = stream::unfold(parts, |mut parts| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((parts.next()?, parts))
        });
        let read = read_large(Body::from_stream(steady), 2 * MOST, &PLACES);
        let read = read.await.unwrap();
        assert_eq!(read.bytes.len(), 10 * MIN_RATE as usize);
        assert_eq!(PLACES.available_permits(), 0);
        drop(read);
        assert_eq!(PLACES.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_body_beyond_its_limit_is_too_large_and_one_within_it_is_read() {
        for (bytes, most) in [(9, 10), (10, 10), (11, 10), (MOST, MOST), (MOST + 1, MOST)] {
            let outcome = read(Body::from(vec![b'a'; bytes]), most).await;
            let outcome = outcome.map(|body| body.bytes.len());
            let wanted = if bytes <= most {
                Ok(bytes)
            } else {
                Err(Code::TooLarge)
            };
            assert_eq!(outcome.map_err(|error| error.code()), wanted);
        }
    }
}
