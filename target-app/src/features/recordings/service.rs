//! The rules of recordings: who sees which, and which link gives access to the bytes.

use chrono::DateTime;
use shared::{
    api::{
        auth::Role,
        recordings::{PlaybackLink, RecordingView},
    },
    dataset::{MEDIA_FILES, media_key, media_size},
    ids::{RecordingId, SessionId, UserId},
    page::Page,
    paths,
    problem::Code,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{LINK_LIFETIME, Recording, SignedQuery},
    repository,
};
use crate::{db::DbError, engine::Engine, error::ApiError, paging::PageNumber, state::AppState};

/// A page of one's recordings: a student's lessons, or those that a mentor gave.
pub(super) async fn mine(
    engine: &Engine,
    user: UserId,
    role: Role,
    part: PageNumber,
) -> Result<Page<RecordingView>, ApiError> {
    let mut session = engine.db.reader();
    let (found, total) = match role {
        Role::Student => {
            let found = repository::of_student(&mut *session.conn().await?, user, part).await?;
            let total = repository::count_of_student(&mut *session.conn().await?, user).await?;
            (found, total)
        }
        Role::Mentor => {
            let found = repository::of_mentor(&mut *session.conn().await?, user, part).await?;
            let total = repository::count_of_mentor(&mut *session.conn().await?, user).await?;
            (found, total)
        }
        // Other roles do not take part in lessons.
        Role::Parent | Role::Admin => (Vec::new(), 0),
    };
    let items = found.into_iter().map(RecordingView::from).collect();
    Ok(part.with(items, total))
}

/// One recording, for a participant; to others it does not exist.
pub(super) async fn find(
    engine: &Engine,
    id: RecordingId,
    participant: UserId,
) -> Result<Recording, ApiError> {
    let mut session = engine.db.session();
    repository::find_for(&mut *session.conn().await?, id, participant)
        .await?
        .ok_or_else(|| ApiError::not_found("recording"))
}

/// A link to the bytes that works for whoever has it, for a while.
pub(super) async fn link(
    state: &AppState,
    engine: &Engine,
    id: RecordingId,
    participant: UserId,
) -> Result<PlaybackLink, ApiError> {
    let recording = find(engine, id, participant).await?;
    let path = paths::with_id(paths::RECORDING_STREAM, recording.id);
    let expires = (state.clock().now() + LINK_LIFETIME).timestamp();
    let signature = state.tokens().sign_path(&path, expires);
    Ok(PlaybackLink {
        url: format!("{path}?expires={expires}&signature={signature}"),
        expires_at: DateTime::from_timestamp(expires, 0).unwrap_or_default(),
    })
}

/// Makes the recording of a session that has just ended. Media do not pass through this server: one of
/// the seeded files stands for what a media server would have recorded.
pub(in super::super) async fn record_session(
    conn: &mut PgConnection,
    session: SessionId,
) -> Result<(), DbError> {
    let file = (session.0.as_u128() % u128::from(MEDIA_FILES)) as u32;
    let recording = RecordingId(Uuid::now_v7());
    repository::insert_of_session(
        conn,
        recording,
        session,
        &media_key(file),
        media_size(file) as i64,
    )
    .await
}

/// Key of the file that a signed link gives access to.
pub(super) async fn open(
    state: &AppState,
    engine: &Engine,
    id: RecordingId,
    link: &SignedQuery,
) -> Result<String, ApiError> {
    // The path is written anew: another spelling of the same id is still the same link.
    let path = paths::with_id(paths::RECORDING_STREAM, id);
    let genuine = state
        .tokens()
        .check_path(&path, link.expires, &link.signature);
    if !genuine || link.expires <= state.clock().now().timestamp() {
        return Err(ApiError::new(
            Code::BadSignature,
            "ask for a new playback link",
        ));
    }
    let mut session = engine.db.session();
    repository::find_media_key(&mut *session.conn().await?, id)
        .await?
        .ok_or_else(|| ApiError::not_found("recording"))
}
