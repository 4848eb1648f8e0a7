//! What does not exist: remembered where `cache.negative` says so, until it is created.

use shared::timing::ServerCount;
use shared::{ids::MentorId, problem::Code};
use uuid::Uuid;

use crate::support::TestApp;

#[tokio::test]
async fn whoever_asks_again_for_a_mentor_who_does_not_exist_stays_off_the_database() {
    for (store, negative, again) in [
        ("memory", "1m", 0),
        ("redis", "1m", 0),
        ("tiered", "1m", 0),
        ("redis", "off", 1),
        ("off", "1m", 1),
    ] {
        let app = TestApp::with(&[
            &format!("cache.mentors={store}"),
            &format!("cache.negative={negative}"),
        ])
        .start()
        .await;
        let anyone = app.anonymous();
        let unknown = MentorId(Uuid::from_u128(7));
        anyone.mentor(unknown).await.refused(Code::NotFound);
        let second = anyone.mentor(unknown).await;
        second.refused(Code::NotFound);
        assert_eq!(
            second.timing().counts[ServerCount::Queries],
            again,
            "{store} {negative}"
        );
        // The other questions about a mentor share what is known.
        let reviews = anyone.reviews(unknown, "").await;
        reviews.refused(Code::NotFound);
        assert_eq!(
            reviews.timing().counts[ServerCount::Queries],
            again,
            "{store} {negative}"
        );
        let hits = if again == 0 { 2 } else { 0 };
        let mentors = app.lab().telemetry().await.caches["mentors"].clone();
        assert_eq!(mentors.negative_hits, hits, "{store} {negative}");
        app.lab().audits_clean().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mentor_who_is_created_is_missing_no_more() {
    for store in ["memory", "redis", "tiered"] {
        let app = TestApp::with(&[&format!("cache.mentors={store}"), "cache.negative=1m"])
            .start()
            .await;
        let anyone = app.anonymous();
        let mentor = MentorId(Uuid::from_u128(7));
        anyone.mentor(mentor).await.refused(Code::NotFound);
        let user = Uuid::from_u128(8);
        app.db
            .execute(&format!(
                "with created as (
                     insert into app_user (id, email, display_name, role)
                     values ('{user}', 'late@example.org', 'Late Comer', 'mentor')
                     returning id
                 )
                 insert into mentor (id, user_id, display_name, headline, hourly_price_cents, is_active)
                 select '{mentor}', id, 'Late Comer', '', 1000, true from created"
            ))
            .await;
        assert_eq!(anyone.mentor(mentor).await.status, 404, "{store}");
        let groups = [target_app::features::mentors::mentor_group(mentor)];
        app.state.engine().caches.created(&groups).await;
        assert_eq!(anyone.mentor(mentor).await.status, 200, "{store}");
        app.finish().await;
    }
}
