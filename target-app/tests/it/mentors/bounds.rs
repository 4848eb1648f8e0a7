//! A query that is out of bounds is refused by the name of its field.

use shared::problem::Code;

use crate::support::TestApp;

#[tokio::test]
async fn a_bad_query_names_the_field_that_is_wrong() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let long = "x".repeat(201);
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=one", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("min_rating=5.1", "min_rating"),
        ("min_rating=-0.1", "min_rating"),
        ("min_rating=NaN", "min_rating"),
        ("min_rating=good", "min_rating"),
        ("max_price_cents=-1", "max_price_cents"),
        ("max_price_cents=1e3", "max_price_cents"),
        ("sort=cheapest", "sort"),
        ("skil=rust", "skil"),
        ("language=abcdefghi", "language"),
        ("cursor=abc", "cursor"),
        ("q=%00", "q"),
        (&format!("q={long}"), "q"),
        (&format!("skill={long}"), "skill"),
    ] {
        let problem = anyone.mentors(query).await.refused(Code::InvalidRequest);
        assert!(
            problem.detail.contains(field),
            "{query}: {}",
            problem.detail
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_goes_with_its_own_sort_and_without_a_page() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let page: serde_json::Value = anyone.mentors("sort=newest&per_page=5").await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    for query in [
        format!("cursor={cursor}&sort=rating"),
        format!("cursor={cursor}&page=2"),
        format!("cursor={}", &cursor[..cursor.len() - 1]),
        format!("cursor={cursor}A"),
    ] {
        let problem = anyone.mentors(&query).await.refused(Code::InvalidRequest);
        assert!(problem.detail.contains("cursor"), "{}", problem.detail);
    }
    let goes_on = anyone.mentors(&format!("cursor={cursor}&per_page=5")).await;
    goes_on.ok::<serde_json::Value>();
    app.finish().await;
}

#[tokio::test]
async fn other_lists_are_bounded_too() {
    let app = TestApp::start().await;
    let student = app.student(1);
    let mentor = shared::ids::MentorId(shared::dataset::id(shared::dataset::RowKind::Mentor, 0));
    for (answer, field) in [
        (student.reviews(mentor, "page=0").await, "page"),
        (student.reviews(mentor, "per_page=101").await, "per_page"),
        (student.reviews(mentor, "page=1001").await, "page"),
        (student.bookings("per_page=101").await, "per_page"),
        (student.bookings("page=1001").await, "page"),
        (student.bookings("status=lost").await, "status"),
        (student.bookings("from=yesterday").await, "from"),
        (student.recordings("page=0").await, "page"),
        (student.recordings("per_page=1000").await, "per_page"),
    ] {
        let problem = answer.refused(Code::InvalidRequest);
        assert!(problem.detail.contains(field), "{}", problem.detail);
    }
    app.finish().await;
}
