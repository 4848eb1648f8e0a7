//! Tests of the model: every way to write a query has one normal form, and bounds hold.

use shared::page::{DEFAULT_PER_PAGE, MAX_PER_PAGE};

use super::*;

fn read(query: MentorQuery) -> Result<Criteria, ApiError> {
    Criteria::try_from(query)
}

#[test]
fn every_way_to_write_a_query_has_one_normal_form() {
    let plain = read(MentorQuery::default()).unwrap().query();
    let spelt_out = MentorQuery {
        q: Some("  ".into()),
        skill: Some(String::new()),
        min_rating: Some(0.0),
        max_price_cents: Some(i64::MAX),
        sort: Some(MentorSort::Rating),
        page: Some(1),
        per_page: Some(DEFAULT_PER_PAGE),
        ..MentorQuery::default()
    };
    assert_eq!(read(spelt_out).unwrap().query(), plain);

    let shouted = MentorQuery {
        q: Some(" Async\tRUST  tutor ".into()),
        skill: Some(" Rust ".into()),
        language: Some("EN".into()),
        ..MentorQuery::default()
    };
    let criteria = read(shouted).unwrap();
    assert_eq!(criteria.words.as_deref(), Some("async rust tutor"));
    assert_eq!(criteria.skill.as_deref(), Some("rust"));
    assert_eq!(criteria.language.as_deref(), Some("en"));
    assert_eq!(
        read(criteria.query()).unwrap(),
        criteria,
        "a normal form is its own normal form"
    );
}

#[test]
fn a_cursor_for_a_numbered_page_means_that_page() {
    let word = cursor(MentorSort::Newest, &PageStart::Page(3));
    let by_cursor = MentorQuery {
        cursor: Some(word),
        ..MentorQuery::default()
    };
    let by_number = MentorQuery {
        sort: Some(MentorSort::Newest),
        page: Some(3),
        ..MentorQuery::default()
    };
    assert_eq!(read(by_cursor).unwrap(), read(by_number).unwrap());
}

#[test]
fn the_lowest_rating_does_not_suffer_from_binary_fractions() {
    for hundredths in 1..=500 {
        let query = MentorQuery {
            min_rating: Some(f64::from(hundredths) / 100.0),
            ..MentorQuery::default()
        };
        assert_eq!(read(query).unwrap().min_rating_hundredths, Some(hundredths));
    }
    let between = MentorQuery {
        min_rating: Some(4.101),
        ..MentorQuery::default()
    };
    assert_eq!(read(between).unwrap().min_rating_hundredths, Some(411));
}

#[test]
fn a_query_out_of_bounds_is_refused() {
    let base = MentorQuery::default;
    let rating_cursor = cursor(MentorSort::Rating, &PageStart::Page(2));
    let refused = [
        MentorQuery {
            page: Some(0),
            ..base()
        },
        MentorQuery {
            page: Some(MAX_PAGE + 1),
            ..base()
        },
        MentorQuery {
            per_page: Some(0),
            ..base()
        },
        MentorQuery {
            per_page: Some(MAX_PER_PAGE + 1),
            ..base()
        },
        MentorQuery {
            min_rating: Some(f64::NAN),
            ..base()
        },
        MentorQuery {
            min_rating: Some(-0.1),
            ..base()
        },
        MentorQuery {
            min_rating: Some(5.1),
            ..base()
        },
        MentorQuery {
            max_price_cents: Some(-1),
            ..base()
        },
        MentorQuery {
            q: Some("x".repeat(201)),
            ..base()
        },
        MentorQuery {
            q: Some("a\0b".into()),
            ..base()
        },
        MentorQuery {
            skill: Some("\0".into()),
            ..base()
        },
        MentorQuery {
            language: Some("esperanto".into()),
            ..base()
        },
        // In lower case it has twice as many characters.
        MentorQuery {
            language: Some("\u{130}".repeat(8)),
            ..base()
        },
        MentorQuery {
            cursor: Some("nonsense".into()),
            ..base()
        },
        MentorQuery {
            cursor: Some(rating_cursor.clone()),
            page: Some(2),
            ..base()
        },
        MentorQuery {
            cursor: Some(rating_cursor),
            sort: Some(MentorSort::Newest),
            ..base()
        },
        MentorQuery {
            cursor: Some(cursor(MentorSort::Rating, &PageStart::Page(MAX_PAGE + 1))),
            ..base()
        },
    ];
    for query in refused {
        assert!(read(query.clone()).is_err(), "{query:?}");
    }
}

#[test]
fn availability_starts_now_at_the_earliest_and_ends_after_62_days_at_the_latest() {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let span = |from, to| AvailabilitySpan::read(AvailabilityQuery { from, to }, now);
    assert_eq!(
        span(None, None).unwrap(),
        AvailabilitySpan {
            from: now,
            to: now + DEFAULT_SPAN
        }
    );
    assert_eq!(
        span(Some(DateTime::<Utc>::MIN_UTC), None).unwrap().from,
        now
    );
    assert!(span(None, Some(now + MAX_SPAN)).is_ok());
    assert!(span(None, Some(now + MAX_SPAN + TimeDelta::seconds(1))).is_err());
    assert!(
        span(
            Some(now + TimeDelta::days(2)),
            Some(now + TimeDelta::days(1))
        )
        .is_err()
    );
    assert!(span(Some(DateTime::<Utc>::MAX_UTC), None).is_err());
    assert!(span(None, Some(DateTime::<Utc>::MAX_UTC)).is_err());
}

#[test]
fn a_review_has_one_to_five_stars_and_a_text() {
    let review = |stars, body: &str| {
        NewReview::try_from(ReviewRequest {
            stars,
            body: body.into(),
        })
    };
    assert_eq!(review(5, " Great. ").unwrap().body, "Great.");
    for (stars, body) in [
        (0, "x"),
        (6, "x"),
        (3, " \n"),
        (3, "\0"),
        (3, &"x".repeat(2_001)),
    ] {
        assert!(review(stars, body).is_err(), "{stars} {body:?}");
    }
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_stays_in_bounds() {
    let none = MentorUpdate::default();
    assert_eq!(checked(none.clone()).unwrap(), none);
    let trimmed = checked(MentorUpdate {
        headline: Some(" Rust from scratch ".into()),
        ..none.clone()
    });
    assert_eq!(
        trimmed.unwrap().headline.as_deref(),
        Some("Rust from scratch")
    );
    let refused = [
        MentorUpdate {
            headline: Some(" ".into()),
            ..none.clone()
        },
        MentorUpdate {
            headline: Some("x".repeat(161)),
            ..none.clone()
        },
        MentorUpdate {
            headline: Some("a\nb".into()),
            ..none.clone()
        },
        MentorUpdate {
            bio: Some("x".repeat(4_001)),
            ..none.clone()
        },
        MentorUpdate {
            bio: Some("\0".into()),
            ..none.clone()
        },
        MentorUpdate {
            hourly_price_cents: Some(Cents(-1)),
            ..none.clone()
        },
        MentorUpdate {
            hourly_price_cents: Some(Cents(MAX_PRICE + 1)),
            ..none
        },
    ];
    for update in refused {
        assert!(checked(update.clone()).is_err(), "{update:?}");
    }
}
