//! Pages neither lose nor repeat a mentor, however they are asked for.

use shared::{
    api::mentors::MentorCard,
    ids::MentorId,
    page::{MAX_PAGE, Page},
    problem::Code,
};

use crate::support::TestApp;

const SORTS: [&str; 4] = ["rating", "price_asc", "price_desc", "newest"];

/// Mentors that look the same but for their ids: only a total order can tell them apart.
const TIES: &str = "update mentor
     set rating_hundredths = 400, hourly_price_cents = 5000, joined_at = '2025-01-01T00:00:00Z'
     where substr(id::text, 36) < '8'";

async fn page(app: &TestApp, query: &str) -> Page<MentorCard> {
    app.anonymous().mentors(query).await.ok()
}

fn ids(page: &Page<MentorCard>) -> Vec<MentorId> {
    page.items.iter().map(|card| card.id).collect()
}

/// Every mentor, by following `next_cursor` to the end.
async fn walk(app: &TestApp, query: &str, per_page: u32) -> Vec<MentorId> {
    let mut all = Vec::new();
    let mut next = String::new();
    for number in 1.. {
        let page = page(app, &format!("{query}&per_page={per_page}{next}")).await;
        assert_eq!((page.page, page.per_page), (number, per_page));
        all.extend(ids(&page));
        match page.next_cursor {
            Some(cursor) => {
                assert_eq!(page.items.len(), per_page as usize);
                next = format!("&cursor={cursor}");
            }
            None => break,
        }
    }
    all
}

#[tokio::test]
async fn following_the_cursor_visits_every_mentor_once_in_order() {
    for pagination in ["offset", "keyset"] {
        let app = TestApp::with(&[
            "cache.mentors=off",
            &format!("mentors.pagination={pagination}"),
        ])
        .after_sql(TIES)
        .start()
        .await;
        for sort in SORTS {
            let query = format!("sort={sort}");
            let whole = ids(&page(&app, &format!("{query}&per_page=100")).await);
            for per_page in [1, 7, 19] {
                let walked = walk(&app, &query, per_page).await;
                assert_eq!(walked, whole, "{pagination} {sort} {per_page}");
            }
        }
        let narrowed = walk(&app, "skill=python&sort=price_asc", 3).await;
        let whole = page(&app, "skill=python&sort=price_asc&per_page=100").await;
        assert_eq!(narrowed, ids(&whole), "{pagination}");
        app.finish().await;
    }
}

#[tokio::test]
async fn numbered_pages_make_up_the_whole_list() {
    let app = TestApp::with(&["mentors.total=exact"])
        .after_sql(TIES)
        .start()
        .await;
    let whole = page(&app, "per_page=100").await;
    let mut all = Vec::new();
    for number in 1..=20 {
        let page = page(&app, &format!("page={number}&per_page=7")).await;
        assert_eq!(page.total, Some(whole.items.len() as u64));
        all.extend(ids(&page));
    }
    assert_eq!(all, ids(&whole));
    app.finish().await;
}

#[tokio::test]
async fn a_keyset_is_not_moved_by_mentors_that_come_before_it() {
    let app = TestApp::with(&["cache.mentors=off", "mentors.pagination=keyset"])
        .start()
        .await;
    let whole = ids(&page(&app, "per_page=100").await);
    let first = page(&app, "per_page=10").await;
    // Of those on the first page one leaves the list: with numbered pages the next would skip one.
    app.db
        .execute(&format!(
            "update mentor set is_active = false where id = '{}'",
            first.items[3].id
        ))
        .await;
    let cursor = first.next_cursor.unwrap();
    let second = page(&app, &format!("per_page=10&cursor={cursor}")).await;
    assert_eq!(ids(&second), whole[10..20]);
    app.finish().await;
}

#[tokio::test]
async fn the_total_is_sent_only_where_it_is_counted() {
    for (total, counted) in [("exact", true), ("none", false)] {
        let app = TestApp::with(&[&format!("mentors.total={total}")])
            .start()
            .await;
        let page = page(&app, "per_page=5").await;
        assert_eq!(page.total.is_some(), counted);
        assert!(page.next_cursor.is_some());
        app.finish().await;
    }
}

#[tokio::test]
async fn pages_end_at_a_thousand_and_beyond_it_a_cursor_is_asked_for() {
    let app = TestApp::start().await;
    let last = page(&app, &format!("page={MAX_PAGE}")).await;
    assert!(last.items.is_empty() && last.next_cursor.is_none());
    let problem = app
        .anonymous()
        .mentors(&format!("page={}", MAX_PAGE + 1))
        .await
        .refused(Code::InvalidRequest);
    assert!(problem.detail.contains("`page`"), "{}", problem.detail);
    assert!(problem.detail.contains("next_cursor"), "{}", problem.detail);
    app.finish().await;
}
