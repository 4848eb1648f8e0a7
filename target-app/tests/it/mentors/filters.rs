//! Each filter of the list against what it means, worked out over the whole list.

use std::collections::BTreeSet;

use shared::{
    api::mentors::MentorCard,
    dataset::{LANGUAGES, SKILLS},
    ids::MentorId,
    money::Cents,
    page::Page,
};

use crate::support::TestApp;

async fn list(app: &TestApp, query: &str) -> Vec<MentorCard> {
    let query = format!("{query}&per_page=100");
    let page: Page<MentorCard> = app.anonymous().mentors(&query).await.ok();
    assert_eq!(page.next_cursor, None, "all mentors fit on one page");
    page.items
}

fn ids(cards: &[MentorCard]) -> Vec<MentorId> {
    cards.iter().map(|card| card.id).collect()
}

/// A filter finds exactly the mentors of the whole list for whom it is true, in the same order.
async fn finds_exactly(app: &TestApp, query: &str, wanted: impl Fn(&MentorCard) -> bool) -> usize {
    let all = list(app, "").await;
    let expected: Vec<_> = all.iter().filter(|card| wanted(card)).cloned().collect();
    let found = list(app, query).await;
    assert_eq!(ids(&found), ids(&expected), "{query}");
    found.len()
}

#[tokio::test]
async fn the_list_holds_exactly_the_active_mentors() {
    let app = TestApp::start().await;
    let active = app
        .db
        .count("select count(*) from mentor where is_active")
        .await;
    let all = app.db.count("select count(*) from mentor").await;
    assert!(active < all, "the seed has mentors that are off the list");
    assert_eq!(list(&app, "").await.len() as i64, active);
    app.finish().await;
}

#[tokio::test]
async fn a_skill_finds_those_who_teach_it() {
    let app = TestApp::start().await;
    for skill in SKILLS {
        let has = |card: &MentorCard| card.skills.iter().any(|one| one == skill);
        finds_exactly(&app, &format!("skill={skill}"), has).await;
    }
    let rust = |card: &MentorCard| card.skills.iter().any(|one| one == "rust");
    assert!(finds_exactly(&app, "skill=%20RUST%20", rust).await > 0);
    assert_eq!(
        finds_exactly(&app, "skill=basket-weaving", |_| false).await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn a_language_finds_those_who_speak_it() {
    let app = TestApp::start().await;
    for language in LANGUAGES {
        let speaks = |card: &MentorCard| card.languages.iter().any(|one| one == language);
        finds_exactly(&app, &format!("language={language}"), speaks).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_lowest_rating_includes_itself_to_the_hundredth() {
    let app = TestApp::start().await;
    let all = list(&app, "").await;
    let some = all[all.len() / 2].rating;
    for rating in [0.0, 3.5, 4.1, some, some + 0.01, 5.0] {
        let good = |card: &MentorCard| card.rating > rating - 0.001;
        finds_exactly(&app, &format!("min_rating={rating:.2}"), good).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_highest_price_includes_itself() {
    let app = TestApp::start().await;
    let some = list(&app, "").await[0].hourly_price_cents.0;
    for cents in [0, 1_499, some, some - 1, 20_000_000_000] {
        let cheap = |card: &MentorCard| card.hourly_price_cents <= Cents(cents);
        finds_exactly(&app, &format!("max_price_cents={cents}"), cheap).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn words_are_looked_for_in_name_headline_and_biography() {
    let app = TestApp::start().await;
    let all = list(&app, "").await;
    let one = &all[0];
    for word in one.display_name.split_whitespace() {
        let found = list(&app, &format!("q={}", word.to_uppercase())).await;
        assert!(ids(&found).contains(&one.id), "{word}");
        assert!(found.len() < all.len());
    }
    let both = one.display_name.replace(' ', "+");
    assert!(ids(&list(&app, &format!("q={both}")).await).contains(&one.id));
    app.db
        .execute(&format!(
            "update mentor set bio = 'Knows zygomorphic flowers.' where id = '{}'",
            one.id
        ))
        .await;
    assert_eq!(ids(&list(&app, "q=Zygomorphic").await), [one.id]);
    assert!(list(&app, "q=zygomorphic+nowhere").await.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn filters_narrow_each_other() {
    let app = TestApp::start().await;
    let query = "skill=python&language=en&min_rating=3.5&max_price_cents=12000";
    let fits = |card: &MentorCard| {
        card.skills.iter().any(|skill| skill == "python")
            && card.languages.iter().any(|language| language == "en")
            && card.rating >= 3.5
            && card.hourly_price_cents <= Cents(12_000)
    };
    assert!(finds_exactly(&app, query, fits).await > 0);
    app.finish().await;
}

#[tokio::test]
async fn what_people_type_is_never_part_of_a_statement() {
    let app = TestApp::start().await;
    let mentors = app.db.count("select count(*) from mentor").await;
    for text in [
        "%27%3B+drop+table+mentor%3B+--",
        "%27+or+1%3D1",
        "%5C%27%22%3B",
        "%26+%7C+%21+%3A%2A",
        "%F0%9F%A6%80",
    ] {
        for field in ["q", "skill", "language"] {
            let short = if field == "language" { "%27%3B" } else { text };
            let found = list(&app, &format!("{field}={short}")).await;
            let seen: BTreeSet<_> = ids(&found).into_iter().collect();
            assert_eq!(seen.len(), found.len());
        }
    }
    assert_eq!(app.db.count("select count(*) from mentor").await, mentors);
    app.finish().await;
}
