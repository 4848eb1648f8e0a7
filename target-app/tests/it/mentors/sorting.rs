//! Every order is total: ties are broken, and the same way each time.

use shared::{api::mentors::MentorCard, page::Page};

use crate::support::TestApp;

async fn sorted(app: &TestApp, sort: &str) -> Vec<MentorCard> {
    let query = format!("sort={sort}&per_page=100");
    let page: Page<MentorCard> = app.anonymous().mentors(&query).await.ok();
    page.items
}

/// Half of the mentors get the same rating, price and day, so that there are ties to break.
const TIES: &str = "update mentor
     set rating_hundredths = 400, hourly_price_cents = 5000, joined_at = '2025-01-01T00:00:00Z'
     where substr(id::text, 36) < '8'";

/// Whether the first stands before the second.
type Before = fn(&MentorCard, &MentorCard) -> bool;

/// A rating as it is kept.
fn hundredths(card: &MentorCard) -> i64 {
    (card.rating * 100.0).round() as i64
}

#[tokio::test]
async fn each_sort_orders_by_its_key_and_breaks_ties_by_id() {
    let app = TestApp::with(&["cache.mentors=off"])
        .after_sql(TIES)
        .start()
        .await;
    let orders: [(&str, Before); 4] = [
        ("rating", |a, b| {
            hundredths(a) > hundredths(b) || (hundredths(a) == hundredths(b) && a.id < b.id)
        }),
        ("price_asc", |a, b| {
            (a.hourly_price_cents, a.id) < (b.hourly_price_cents, b.id)
        }),
        ("price_desc", |a, b| {
            a.hourly_price_cents > b.hourly_price_cents
                || (a.hourly_price_cents == b.hourly_price_cents && a.id < b.id)
        }),
        ("newest", |a, b| {
            a.joined_at > b.joined_at || (a.joined_at == b.joined_at && a.id < b.id)
        }),
    ];
    for (sort, before) in orders {
        let list = sorted(&app, sort).await;
        assert!(list.len() > 30);
        for pair in list.windows(2) {
            assert!(before(&pair[0], &pair[1]), "{sort}: {pair:#?}");
        }
        let again = sorted(&app, sort).await;
        assert_eq!(list, again, "{sort}");
    }
    app.finish().await;
}

#[tokio::test]
async fn best_rated_first_unless_told() {
    let app = TestApp::start().await;
    let plain: Page<MentorCard> = app.anonymous().mentors("per_page=100").await.ok();
    assert_eq!(plain.items, sorted(&app, "rating").await);
    app.finish().await;
}
