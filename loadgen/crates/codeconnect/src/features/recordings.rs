//! Recordings: the list, a signed link, and three byte ranges of the file.

use http::{HeaderValue, header};
use shared::{
    api::recordings::{PlaybackLink, RecordingView},
    ids::RecordingId,
    media,
    page::Page,
    paths,
};

use crate::flows::{AppFlow, AppIteration, DrawnPlace, FeatureFlows, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Bytes that a player asks for at a time.
const CHUNK: u64 = 64 * 1_024;
/// How many places of a range are compared with what they must be.
const PLACES: usize = 8;

static LIST: Op = Op::get("recordings.list");
static LINK: Op = Op::get("recordings.link");
static PLAY: Op = Op::get("recordings.play");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&LIST, &LINK, &PLAY],
    headline: &[&PLAY],
    completes: &[("recordings played", &[&PLAY])],
    flows: &[AppFlow {
        name: "recordings.watch",
        help: "a student lists the own recordings, gets a link and plays begin, middle and end",
        operations: &[&LIST, &LINK, &PLAY],
        needs_sessions: true,
        at_once: 1,
        run: |it| until_failure(watch(it)),
    }],
    large: &[&PLAY],
    ..FeatureFlows::new("recordings", "Recordings")
};

async fn watch(mut it: AppIteration<'_>) -> Option<()> {
    let place = DrawnPlace::draw(it.rng);
    let account = it.world.any_account(it.rng)?;
    let list = Request::get(paths::RECORDINGS).bearer(&account.token.get());
    let mine = it.call(&LIST, list, check_list).await?;
    let recording = place.item(&mine)?;
    let link = Request::get(paths::with_id(paths::RECORDING_PLAYBACK, recording.id))
        .bearer(&account.token.get());
    let url = it
        .call(&LINK, link, |reply| check_link(reply, recording.id))
        .await?;
    let size = u64::try_from(recording.size_bytes).unwrap_or(0);
    let chunk = CHUNK.min(size);
    let middle = size / 2;
    for (range, from, to) in [
        (format!("bytes=0-{}", chunk - 1), 0, chunk - 1),
        (
            format!("bytes={middle}-{}", middle + chunk / 2 - 1),
            middle,
            middle + chunk / 2 - 1,
        ),
        (format!("bytes=-{chunk}"), size - chunk, size - 1),
    ] {
        let mut request = Request::get(url.clone());
        // Digits only: always a header value.
        if let Ok(value) = HeaderValue::from_str(&range) {
            request = request.with(header::RANGE, value);
        }
        it.call(&PLAY, request, |reply| {
            check_range(reply, &recording.media_key, from, to, size)
        })
        .await?;
    }
    Some(())
}

fn check_list(reply: &Reply) -> Result<Vec<RecordingView>, Mismatch> {
    let page: Page<RecordingView> = check::json(reply, 200)?;
    if page.items.len() > page.per_page as usize {
        return Err(Mismatch::new("more recordings than fit the page"));
    }
    if page
        .items
        .windows(2)
        .any(|pair| pair[0].recorded_at < pair[1].recorded_at || pair[0].id == pair[1].id)
    {
        return Err(Mismatch::new("the recordings are not newest first"));
    }
    // A file shorter than this has no begin, middle and end to play.
    if page.items.iter().any(|one| one.size_bytes < 4) {
        return Err(Mismatch::new("a recording without bytes"));
    }
    Ok(page.items)
}

fn check_link(reply: &Reply, id: RecordingId) -> Result<String, Mismatch> {
    let link: PlaybackLink = check::json(reply, 200)?;
    let path = paths::with_id(paths::RECORDING_STREAM, id);
    match link.url.strip_prefix(&path) {
        Some(query) if query.starts_with('?') => Ok(link.url),
        _ => Err(Mismatch::new("the link does not lead to this recording")),
    }
}

fn check_range(reply: &Reply, key: &str, from: u64, to: u64, size: u64) -> Result<(), Mismatch> {
    check::status(reply, 206)?;
    let expected = format!("bytes {from}-{to}/{size}");
    let range = reply
        .headers
        .get(&header::CONTENT_RANGE)
        .unwrap_or("none".into());
    if range != expected {
        return Err(Mismatch::new(format!(
            "Content-Range is {range}, not {expected}"
        )));
    }
    if reply.body.len() as u64 != to - from + 1 {
        return Err(Mismatch::new(format!(
            "{} bytes for {expected}",
            reply.body.len()
        )));
    }
    if media::matches(key, from, &reply.body, PLACES) {
        Ok(())
    } else {
        Err(Mismatch::new(format!(
            "the bytes of {expected} are not those of the file"
        )))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn part(range: &str, offset: u64, length: usize) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(range).unwrap());
        let mut body = vec![0; length];
        media::fill("class-03", offset, &mut body);
        Reply::new(206, headers, Bytes::from(body))
    }

    #[test]
    fn the_right_bytes_of_the_right_range_are_accepted() {
        let reply = part("bytes 100-1099/5000", 100, 1_000);
        check_range(&reply, "class-03", 100, 1_099, 5_000).unwrap();
    }

    #[test]
    fn shifted_bytes_a_wrong_range_and_a_short_body_are_noticed() {
        let shifted = part("bytes 100-1099/5000", 101, 1_000);
        assert!(check_range(&shifted, "class-03", 100, 1_099, 5_000).is_err());
        let other = part("bytes 0-999/5000", 100, 1_000);
        assert!(check_range(&other, "class-03", 100, 1_099, 5_000).is_err());
        let short = part("bytes 100-1099/5000", 100, 999);
        assert!(check_range(&short, "class-03", 100, 1_099, 5_000).is_err());
    }
}
