//! One's recordings.

use shared::{
    api::recordings::RecordingView,
    dataset::{media_key, media_size},
    ids::RecordingId,
    page::Page,
    paths,
    problem::Code,
};

use crate::support::TestApp;

#[tokio::test]
async fn every_seeded_student_has_a_recording_and_sees_only_their_own() {
    let app = TestApp::start().await;
    for n in [0, 77, 599] {
        let student = app.student(n);
        let page: Page<RecordingView> = student.recordings("per_page=100").await.ok();
        assert!(!page.items.is_empty());
        assert_eq!(page.total, Some(page.items.len() as u64));
        assert!(
            page.items
                .is_sorted_by(|a, b| a.recorded_at >= b.recorded_at)
        );
        for recording in &page.items {
            let own = app
                .db
                .count(&format!(
                    "select count(*) from booking where id = '{}' and student_id = '{}'",
                    recording.booking_id, student.id
                ))
                .await;
            assert_eq!(own, 1);
            let same: RecordingView = student.recording(recording.id).await.ok();
            assert_eq!(&same, recording);
            let known = (0..12).any(|n| {
                media_key(n) == recording.media_key && media_size(n) as i64 == recording.size_bytes
            });
            assert!(known, "{recording:?}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_mentor_sees_the_recordings_of_their_lessons_page_by_page() {
    let app = TestApp::start().await;
    let mentor = app.mentor(1);
    let all: Vec<RecordingView> = mentor.all_pages(paths::RECORDINGS, 9).await;
    let given = app
        .db
        .count(&format!(
            "select count(*) from recording r
             join booking b on b.id = r.booking_id
             join mentor m on m.id = b.mentor_id
             where m.user_id = '{}'",
            mentor.id
        ))
        .await;
    assert!(given > 9);
    assert_eq!(all.len() as i64, given);
    app.finish().await;
}

#[tokio::test]
async fn to_a_stranger_a_recording_does_not_exist() {
    let app = TestApp::start().await;
    let page: Page<RecordingView> = app.student(1).recordings("").await.ok();
    let recording = page.items[0].id;
    let taken_by_others = [app.student(2), app.student(3)];
    for outsider in &taken_by_others {
        outsider.recording(recording).await.refused(Code::NotFound);
        outsider.playback(recording).await.refused(Code::NotFound);
    }
    let nowhere = RecordingId(uuid::Uuid::now_v7());
    app.student(1)
        .recording(nowhere)
        .await
        .refused(Code::NotFound);
    app.finish().await;
}
