//! A submission: the file first, then its row. A file without a row is removed, now or by the sweep;
//! a row without a file cannot come to be.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use shared::{
    api::courses::SubmissionView,
    hex,
    ids::{CourseId, SubmissionId, UserId},
};
use uuid::Uuid;

use super::{
    cached,
    files::{self, OldFiles},
    model::{CourseFailure, Upload, next_submission},
    repository_progress::{self, NewSubmission},
    service::{RETRIES, locked},
};
use crate::{
    db::Isolation,
    engine::{Engine, Engines},
    error::ApiError,
    timing,
};

/// Files that the sweep reads, looks up in one statement and removes before it goes on.
const SWEPT_AT_ONCE: usize = 1_000;

/// Largest file that is checked on the thread of its request: beyond it a change of threads is the smaller cost.
const CHECKED_AT_ONCE: usize = 16 * 1024;

/// A file that was received whole, once it is checked against its declared type and digest: a large one on a thread
/// that may compute for long, because all requests of a thread wait while one computes.
pub(super) async fn received(
    bytes: Bytes,
    content_type: Option<String>,
    content_digest: Option<String>,
) -> Result<Upload, ApiError> {
    let is_small = bytes.len() <= CHECKED_AT_ONCE;
    let check = move || Upload::check(bytes, content_type.as_deref(), content_digest.as_deref());
    if is_small {
        return check();
    }
    // Shielded, so that the request holds its place for a large body as long as there is one.
    timing::shielded(async move {
        tokio::task::spawn_blocking(check)
            .await
            .map_err(ApiError::internal)?
    })
    .await
}

/// Stores a file that was received whole. From here on a client that goes away changes nothing.
pub(super) async fn submit(
    engine: Arc<Engine>,
    folder: PathBuf,
    now: DateTime<Utc>,
    student: UserId,
    course: CourseId,
    upload: Upload,
) -> Result<SubmissionView, ApiError> {
    timing::shielded(async move {
        let id = SubmissionId(Uuid::now_v7());
        let (bytes, into) = (upload.bytes.clone(), folder.clone());
        on_disk(move || files::store(&into, id, &bytes)).await?;
        let upload = Arc::new(upload);
        let outcome = insert(&engine, id, now, student, course, Arc::clone(&upload)).await;
        match outcome {
            Ok(number) => Ok(view(id, course, number, &upload, now)),
            Err(CourseFailure::Refused(refusal)) => {
                let removed = tokio::task::spawn_blocking(move || files::remove(&folder, id)).await;
                if !matches!(removed, Ok(Ok(()))) {
                    tracing::warn!(submission.id = %id, "a file without a row was not removed");
                }
                Err(refusal)
            }
            // Whether the row is there is not known: the sweep looks later.
            Err(failure @ CourseFailure::Db(_)) => Err(failure.into()),
        }
    })
    .await
}

/// Inserts the row of a stored file; returns its number.
async fn insert(
    engine: &Engine,
    id: SubmissionId,
    now: DateTime<Utc>,
    student: UserId,
    course: CourseId,
    upload: Arc<Upload>,
) -> Result<i16, CourseFailure> {
    let work = engine.change(Isolation::ReadCommitted, RETRIES, move |conn, touched| {
        let upload = Arc::clone(&upload);
        async move {
            let enrolment = locked(conn, student, course).await?;
            let new = NewSubmission {
                id,
                number: next_submission(&enrolment.view)?,
                at: now,
            };
            repository_progress::insert_submission(conn, enrolment.id, new, &upload).await?;
            touched.add([cached::group(student)]);
            Ok(new.number)
        }
        .boxed()
    });
    work.await
}

fn view(
    id: SubmissionId,
    course: CourseId,
    number: i16,
    upload: &Upload,
    submitted_at: DateTime<Utc>,
) -> SubmissionView {
    SubmissionView {
        id,
        course_id: course,
        number,
        size_bytes: i32::try_from(upload.bytes.len()).unwrap_or(i32::MAX),
        media_type: upload.media_type.as_str().to_owned(),
        sha256: hex::of(&upload.sha256),
        submitted_at,
    }
}

/// Removes files last written before an instant that no row refers to: those of a process that
/// ended half-way, and those of rows that a reset removed. Returns how many.
pub(super) async fn sweep(
    engines: &Engines,
    folder: &Path,
    before: SystemTime,
) -> Result<usize, ApiError> {
    let of = folder.to_owned();
    let mut old = on_disk(move || OldFiles::of(&of, before)).await?;
    let mut removed = 0;
    loop {
        let (rest, batch) = on_disk(move || {
            let batch = old.batch(SWEPT_AT_ONCE)?;
            Ok((old, batch))
        })
        .await?;
        old = rest;
        if batch.len() == 0 {
            return Ok(removed);
        }
        let kept = rows_of(engines, &batch.whole).await?;
        let orphans = batch.whole.iter().filter(|id| !kept.contains(*id));
        let mut gone: Vec<PathBuf> = orphans.map(|id| files::file(folder, *id)).collect();
        gone.extend(batch.parts);
        removed += on_disk(move || {
            let removed = gone
                .iter()
                .filter(|path| std::fs::remove_file(path).is_ok());
            Ok(removed.count())
        })
        .await?;
    }
}

/// Which of these submissions have a row.
async fn rows_of(
    engines: &Engines,
    ids: &[SubmissionId],
) -> Result<HashSet<SubmissionId>, ApiError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    // Taken for each batch: an engine that is being replaced must not wait for a sweep.
    let engine = engines.admit()?;
    let mut session = engine.db.session();
    let mut conn = session.conn().await?;
    Ok(repository_progress::existing(&mut conn, ids).await?)
}

/// Runs work on files on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(ApiError::internal)?
        .map_err(failed_on_disk)
}

/// What a failure on files means: a disk that takes no more is no fault of the server, and may have room again.
fn failed_on_disk(error: io::Error) -> ApiError {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem => {
            ApiError::unavailable("the disk takes no file now; nothing was stored").caused_by(error)
        }
        _ => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write as _, sync::Barrier};

    use shared::problem::Code;

    use super::*;

    #[test]
    fn a_disk_that_takes_no_file_is_unavailable_and_another_failure_is_a_fault() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = full.write_all(b"a").unwrap_err();
        assert_eq!(failed_on_disk(error).code(), Code::Unavailable);
        // EDQUOT, EROFS, EACCES
        for (number, code) in [
            (122, Code::Unavailable),
            (30, Code::Unavailable),
            (13, Code::Internal),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(failed_on_disk(error).code(), code, "{number}");
        }
    }

    #[test]
    fn a_large_file_is_not_checked_on_the_thread_of_requests_and_a_small_one_is() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let check = |bytes: usize| {
            let text = Some("text/plain".to_owned());
            tokio::spawn(received(Bytes::from(vec![b'a'; bytes]), text, None))
        };
        runtime.block_on(async {
            let gate = Arc::new(Barrier::new(2));
            let at_gate = Arc::clone(&gate);
            let busy = tokio::task::spawn_blocking(move || at_gate.wait());
            let (large, small) = (check(CHECKED_AT_ONCE + 1), check(CHECKED_AT_ONCE));
            small.await.unwrap().unwrap();
            // Each gives every task of the thread a turn.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert!(!large.is_finished());
            gate.wait();
            busy.await.unwrap();
            large.await.unwrap().unwrap();
        });
    }
}
