//! Each indexed query reads its index where the switch is on, and its table where it is off.
//!
//! Asked of the server and not of a copy of the statement: a real request is sent, and the
//! counters of index and table tell what the plan was.

use crate::support::{Answer, TestApp};

/// One query that an optimization is for.
#[derive(Clone, Copy)]
struct Case {
    switch: &'static str,
    index: &'static str,
    table: &'static str,
    /// Switches of other indexes of the table that could stand in for it.
    without: &'static [&'static str],
}

/// What one request read: scans of the index, rows read by scanning the table.
struct Reads {
    index_scans: i64,
    rows_scanned: i64,
}

/// Sends one request to an application with the switch in that position.
async fn reads(case: &Case, state: &str, ask: impl AsyncFn(&TestApp) -> Answer) -> Reads {
    let mut settings = vec!["pool.max=1".to_owned(), format!("{}={state}", case.switch)];
    settings.extend(case.without.iter().map(|switch| format!("{switch}=off")));
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let app = TestApp::with(&settings)
    .with_every_cache("off")
    // Tiny tables are cheap to scan: the question is whether the index can serve, not whether
    // sixty rows are worth it. Without the index there is nothing but the scan.
    .after_sql("alter database DATABASE set enable_seqscan = off")
    .start()
    .await;
    let answer = ask(&app).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // A backend reports its counters at the latest when it ends.
    app.stop();
    let db = app.stopped().await;
    db.wait_for_solitude().await;
    let index_scans = db
        .count(&format!(
            "select coalesce(sum(idx_scan), 0)::bigint from pg_stat_user_indexes
             where indexrelname = '{}'",
            case.index
        ))
        .await;
    let rows_scanned = db
        .count(&format!(
            "select seq_tup_read from pg_stat_user_tables where relname = '{}'",
            case.table
        ))
        .await;
    db.finish().await;
    Reads {
        index_scans,
        rows_scanned,
    }
}

async fn index_serves(case: Case, ask: impl AsyncFn(&TestApp) -> Answer) {
    let on = Box::pin(reads(&case, "on", &ask)).await;
    assert!(on.index_scans > 0, "{} is not used", case.index);
    assert_eq!(on.rows_scanned, 0, "{} is scanned as well", case.table);
    let off = Box::pin(reads(&case, "off", &ask)).await;
    assert_eq!(off.index_scans, 0, "{} is still there", case.index);
    assert!(
        off.rows_scanned > 0,
        "{} has another index that serves: the experiment would show nothing",
        case.table
    );
}

/// For an index beside which another one of the table is read for another purpose.
async fn index_is_used(case: Case, ask: impl AsyncFn(&TestApp) -> Answer) {
    let on = Box::pin(reads(&case, "on", &ask)).await;
    assert!(on.index_scans > 0, "{} is not used", case.index);
    let off = Box::pin(reads(&case, "off", &ask)).await;
    assert_eq!(off.index_scans, 0, "{} is still there", case.index);
}

#[tokio::test]
async fn the_rooms_of_a_person_are_read_by_their_index() {
    let case = Case {
        switch: "index.chat_members",
        index: "chat_member_user_idx",
        table: "chat_member",
        without: &[],
    };
    index_is_used(case, async |app| {
        app.student(1).get(shared::paths::CHAT_ROOMS).await
    })
    .await;
}

/// For an index that takes over from another one: with it the other is not used, without it the
/// other serves.
async fn index_replaces(case: Case, other: &'static str, ask: impl AsyncFn(&TestApp) -> Answer) {
    let on = Box::pin(reads(&case, "on", &ask)).await;
    assert!(on.index_scans > 0, "{} is not used", case.index);
    let without = Case {
        index: other,
        ..case
    };
    let off = Box::pin(reads(&without, "off", &ask)).await;
    assert!(off.index_scans > 0, "{other} should serve without it");
    let on = Box::pin(reads(&without, "on", &ask)).await;
    assert_eq!(on.index_scans, 0, "{other} is used as well");
}

#[tokio::test]
async fn open_slots_are_read_from_the_index_that_holds_only_them() {
    let case = Case {
        switch: "index.slots_open",
        index: "slot_open_idx",
        table: "slot",
        without: &[],
    };
    let mentor = shared::ids::MentorId(shared::dataset::id(shared::dataset::RowKind::Mentor, 1));
    index_replaces(case, "slot_mentor_id_starts_at_key", async |app| {
        app.anonymous().availability(mentor, "").await
    })
    .await;
}

#[tokio::test]
async fn a_search_by_words_reads_the_index_of_words() {
    let case = Case {
        switch: "index.mentors_text",
        index: "mentor_text_idx",
        table: "mentor",
        without: &[
            "index.mentors_active_rating",
            "index.mentors_price",
            "index.mentors_newest",
        ],
    };
    index_serves(case, async |app| app.anonymous().mentors("q=python").await).await;
}

#[tokio::test]
async fn lists_by_price_walk_their_index_both_ways() {
    for sort in ["price_asc", "price_desc"] {
        let case = Case {
            switch: "index.mentors_price",
            index: "mentor_price_idx",
            table: "mentor",
            without: &[
                "index.mentors_active_rating",
                "index.mentors_text",
                "index.mentors_newest",
            ],
        };
        index_serves(case, async |app| {
            app.anonymous().mentors(&format!("sort={sort}")).await
        })
        .await;
    }
}

#[tokio::test]
async fn the_newest_mentors_are_the_begin_of_their_index() {
    let case = Case {
        switch: "index.mentors_newest",
        index: "mentor_newest_idx",
        table: "mentor",
        without: &[
            "index.mentors_active_rating",
            "index.mentors_text",
            "index.mentors_price",
        ],
    };
    index_serves(case, async |app| {
        app.anonymous().mentors("sort=newest").await
    })
    .await;
}

#[tokio::test]
async fn the_best_rated_mentors_are_read_in_the_order_of_their_index() {
    let case = Case {
        switch: "index.mentors_active_rating",
        index: "mentor_active_rating_idx",
        table: "mentor",
        without: &[
            "index.mentors_text",
            "index.mentors_price",
            "index.mentors_newest",
        ],
    };
    index_serves(case, async |app| app.anonymous().mentors("").await).await;
}

#[tokio::test]
async fn a_students_bookings_are_read_by_their_index() {
    let case = Case {
        switch: "index.bookings_student",
        index: "booking_student_scheduled_idx",
        table: "booking",
        without: &["index.bookings_scheduled", "index.bookings_changed"],
    };
    index_serves(case, async |app| app.student(1).bookings("").await).await;
}

#[tokio::test]
async fn a_mentors_lessons_are_read_by_their_index() {
    let case = Case {
        switch: "index.bookings_mentor",
        index: "booking_mentor_scheduled_idx",
        table: "booking",
        without: &["index.bookings_scheduled", "index.bookings_changed"],
    };
    index_serves(case, async |app| app.mentor(1).bookings("").await).await;
}

#[tokio::test]
async fn a_mentors_newest_reviews_are_the_end_of_their_index() {
    let case = Case {
        switch: "index.reviews_mentor",
        index: "review_mentor_created_idx",
        table: "review",
        without: &[],
    };
    let mentor = shared::ids::MentorId(shared::dataset::id(shared::dataset::RowKind::Mentor, 1));
    index_serves(case, async |app| app.anonymous().reviews(mentor, "").await).await;
}

#[tokio::test]
async fn a_persons_notifications_are_read_by_their_index() {
    let case = Case {
        switch: "index.notifications_user",
        index: "notification_user_idx",
        table: "notification",
        without: &[],
    };
    index_serves(case, async |app| {
        app.student(1).get(shared::paths::NOTIFICATIONS).await
    })
    .await;
}

#[tokio::test]
async fn the_dashboard_of_the_platform_reads_a_span_of_lessons_and_the_last_changes() {
    for (switch, index) in [
        ("index.bookings_scheduled", "booking_scheduled_idx"),
        ("index.bookings_changed", "booking_changed_idx"),
    ] {
        let case = Case {
            switch,
            index,
            table: "booking",
            without: &[],
        };
        index_is_used(case, async |app| {
            let admin = shared::dataset::id(shared::dataset::RowKind::Admin, 0);
            let admin = shared::ids::UserId(admin);
            app.person(admin, shared::api::auth::Role::Admin)
                .get(shared::paths::DASHBOARD_ADMIN)
                .await
        })
        .await;
    }
}

#[tokio::test]
async fn all_students_are_read_in_the_order_of_their_index() {
    let case = Case {
        switch: "index.students_name",
        index: "student_name_idx",
        table: "app_user",
        without: &[],
    };
    index_is_used(case, async |app| {
        let admin = shared::dataset::id(shared::dataset::RowKind::Admin, 0);
        let admin = shared::ids::UserId(admin);
        app.person(admin, shared::api::auth::Role::Admin)
            .get(shared::paths::STUDENTS)
            .await
    })
    .await;
}
