//! The two shapes of the discovery query answer alike, and cost what they are known to cost.

use shared::timing::{ServerCount, ServerPart};
use shared::{api::mentors::MentorCard, page::Page};

use crate::support::{Lesson, TestApp};

const QUERIES: [&str; 6] = [
    "",
    "per_page=7&page=2",
    "sort=price_asc&per_page=100",
    "skill=rust&min_rating=3",
    "q=data&sort=newest",
    "language=de&max_price_cents=9000&sort=price_desc",
];

#[tokio::test]
async fn one_by_one_and_joined_give_the_same_pages() {
    let mut answers = Vec::new();
    for shape in ["n_plus_one", "joined"] {
        for checkout in ["per_query", "per_request"] {
            let app = TestApp::with(&[
                "cache.mentors=off",
                "mentors.total=exact",
                &format!("mentors.query={shape}"),
                &format!("pool.checkout={checkout}"),
            ])
            .start()
            .await;
            // A mentor whose rating has just moved is shown with the new one in both.
            let lesson = Lesson {
                student: 1,
                mentor: 3,
            };
            lesson.create(&app.db).await;
            let written = app.student(1).review(lesson.mentor_id(), 1, "Late.").await;
            assert_eq!(written.status, 201);
            let mut pages = Vec::new();
            for query in QUERIES {
                let page: Page<MentorCard> = app.anonymous().mentors(query).await.ok();
                pages.push(page);
            }
            answers.push(pages);
            app.finish().await;
        }
    }
    assert!(!answers[0][0].items.is_empty());
    for pages in &answers[1..] {
        for (query, (one, other)) in QUERIES.iter().zip(answers[0].iter().zip(pages)) {
            assert_eq!(one, other, "{query}");
        }
    }
}

#[tokio::test]
async fn one_by_one_sends_three_statements_a_mentor_and_joined_sends_one() {
    for (shape, total, wanted) in [
        ("n_plus_one", "exact", 2 + 3 * 20),
        ("n_plus_one", "none", 1 + 3 * 20),
        ("joined", "exact", 2),
        ("joined", "none", 1),
    ] {
        let app = TestApp::with(&[
            "cache.mentors=off",
            &format!("mentors.query={shape}"),
            &format!("mentors.total={total}"),
        ])
        .start()
        .await;
        let answer = app.anonymous().mentors("per_page=20").await;
        answer.ok::<Page<MentorCard>>();
        let timing = answer.timing();
        assert_eq!(
            timing.counts[ServerCount::Queries],
            wanted,
            "{shape} {total}"
        );
        assert!(timing.us[ServerPart::Db] > 0 && timing.us[ServerPart::Db] <= timing.total_us);
        app.finish().await;
    }
}
