//! A list that is wrong in any one way is noticed.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::mentors::MentorSort,
    dataset::{RowKind, id},
    money::Cents,
    page::{DEFAULT_PER_PAGE, Page},
};

use super::{list::check_list, *};
use crate::features::scripted::{self, iterate, world};
use loadgen_engine::sample::Outcome;
use loadgen_stats::seed::Chance;

fn card(n: u32, rating: f64, price: i64) -> MentorCard {
    MentorCard {
        id: MentorId(id(RowKind::Mentor, n)),
        display_name: format!("Mentor {n}"),
        headline: String::new(),
        skills: vec!["rust".to_owned()],
        languages: vec!["en".to_owned()],
        hourly_price_cents: Cents(price),
        rating,
        review_count: 3,
        joined_at: DateTime::<Utc>::from(loadgen_engine::clock::time_of_day())
            - TimeDelta::days(i64::from(n)),
    }
}

fn reply(items: Vec<MentorCard>) -> Reply {
    let page = Page {
        items,
        total: None,
        page: 1,
        per_page: DEFAULT_PER_PAGE,
        next_cursor: None,
    };
    scripted::reply(200, &page)
}

fn why(items: Vec<MentorCard>, query: &MentorQuery) -> String {
    check_list(&reply(items), query).unwrap_err().to_string()
}

#[test]
fn a_list_in_the_asked_order_with_ties_by_id_is_right() {
    let items = vec![
        card(5, 4.8, 1),
        card(1, 4.5, 2),
        card(2, 4.5, 3),
        card(3, 4.0, 1),
    ];
    check_list(&reply(items), &MentorQuery::default()).unwrap();
}

#[test]
fn a_wrong_order_a_repeated_item_and_mixed_ties_are_noticed() {
    let query = MentorQuery::default();
    assert!(
        why(vec![card(1, 4.0, 1), card(2, 4.5, 1)], &query).contains("not in the order rating")
    );
    assert!(why(vec![card(1, 4.0, 1), card(1, 4.0, 1)], &query).contains("not in the order"));
    let mixed = vec![
        card(1, 4.5, 1),
        card(2, 4.5, 1),
        card(9, 4.0, 1),
        card(3, 4.0, 1),
    ];
    assert!(why(mixed, &query).contains("ties"));
    let dearest = MentorQuery {
        sort: Some(MentorSort::PriceDesc),
        ..query
    };
    assert!(why(vec![card(1, 4.0, 1), card(2, 4.5, 2)], &dearest).contains("price_desc"));
}

#[test]
fn a_page_that_does_not_go_on_behind_the_one_before_is_noticed() {
    let query = MentorQuery::default();
    let items = vec![card(1, 4.8, 1), card(2, 4.5, 1)];
    let first = reply(items.clone());
    let seen = |look_at| see_list(&first, &query, None, look_at).unwrap();
    let last = seen(None).last;
    let judged = |next| see_list(&reply(vec![next]), &query, last.as_ref(), None).is_ok();
    assert!(judged(card(3, 4.5, 1)));
    assert!(!judged(card(3, 4.6, 1)));
    assert!(!judged(card(2, 4.5, 1)));
    // A visitor looks at none or at one.
    assert!(seen(None).chosen.is_none());
    for number in 0..10 {
        let place = DrawnPlace::draw(&mut Chance::nth(1, number));
        assert_eq!(seen(Some(place)).chosen.as_ref(), place.item(&items));
    }
}

#[test]
fn a_page_that_was_right_is_right_again_for_the_same_query_and_no_other_one_is() {
    let query = MentorQuery::default();
    let dear = MentorQuery {
        min_rating: Some(4.6),
        ..query.clone()
    };
    let items = vec![card(1, 4.8, 1), card(2, 4.5, 1)];
    let right = reply(items.clone());
    let is_right = |reply: &Reply, query: &MentorQuery, last: Option<&ListPlace>| {
        see_list(reply, query, last, None).is_ok()
    };
    for _ in 0..3 {
        assert!(is_right(&right, &query, None));
        assert!(!is_right(&right, &dear, None));
        // It still has to go on behind the page before.
        let last = see_list(&right, &query, None, None).unwrap().last;
        assert!(last.is_some() && !is_right(&right, &query, last.as_ref()));
        // The same length, the other way round.
        let turned = reply(items.iter().rev().cloned().collect());
        assert_eq!(turned.body.len(), right.body.len());
        assert!(!is_right(&turned, &query, None));
        let refused = Reply {
            status: 500,
            ..right.clone()
        };
        assert!(!is_right(&refused, &query, None));
    }
    // A later page of the query takes its place, and the earlier one is looked through anew.
    let later = reply(vec![card(3, 4.9, 1)]);
    for one in [&later, &right, &later] {
        assert!(is_right(one, &query, None));
    }
}

#[test]
fn a_filter_that_does_not_hold_is_noticed() {
    for query in [
        MentorQuery {
            skill: Some("sql".into()),
            ..MentorQuery::default()
        },
        MentorQuery {
            language: Some("de".into()),
            ..MentorQuery::default()
        },
        MentorQuery {
            min_rating: Some(4.9),
            ..MentorQuery::default()
        },
        MentorQuery {
            max_price_cents: Some(10),
            ..MentorQuery::default()
        },
    ] {
        assert!(why(vec![card(1, 4.5, 11)], &query).contains("filters"));
    }
}

#[test]
fn more_items_than_asked_for_are_noticed() {
    let items = (0..21).map(|n| card(n, 4.0, 1)).collect();
    assert!(why(items, &MentorQuery::default()).contains("asked for 20"));
}

#[test]
fn only_a_mentor_who_registered_in_a_load_may_have_left_the_list() {
    let judged = |name: &str, is_active: bool| {
        let detail = MentorDetail {
            is_active,
            ..fixture::page(MentorId(id(RowKind::Mentor, 1)), name)
        };
        check_detail(&scripted::reply(200, &detail), &detail.card)
    };
    assert_eq!(judged("Mentor 1", true), Ok(()));
    assert!(judged("Mentor 1", false).is_err());
    assert_eq!(judged(NEW_MENTOR, false), Ok(()));
}

#[test]
fn the_searches_are_a_bounded_set_without_repetition() {
    let all = crate::flows::searches();
    assert!((36..=44).contains(&all.len()), "{}", all.len());
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{one:?}");
    }
}

#[test]
fn a_query_is_written_with_its_reserved_characters_encoded() {
    let query = MentorQuery {
        q: Some("c++ & rust".into()),
        sort: Some(MentorSort::Newest),
        ..MentorQuery::default()
    };
    assert_eq!(
        list_request(&query).path,
        "/api/v1/mentors?q=c%2B%2B%20%26%20rust&sort=newest"
    );
}

/// How the two pages of a list count that turns them, where the second begins with that mentor: the first has
/// mentors 1 to 20.
async fn second_page(begin: u32, pages_may_shift: bool) -> Vec<Option<Outcome>> {
    let mut world = world();
    world.pages_may_shift = pages_may_shift;
    let target = |_: &'static str, request: &Request| {
        let asked = request.path.query().unwrap_or_default();
        let (first, next_cursor) = if asked.contains("cursor=") {
            (begin, None)
        } else {
            (1, Some("onward".to_owned()))
        };
        let items =
            (first..first + DEFAULT_PER_PAGE).map(|n| card(n, 5.0 - f64::from(n) / 100.0, 1));
        let page = Page {
            items: items.collect(),
            total: None,
            page: 1,
            per_page: DEFAULT_PER_PAGE,
            next_cursor,
        };
        Some(scripted::reply(200, &page))
    };
    let sent = iterate("mentors.page_through", &world, 1, target).await;
    sent.into_iter().map(|(_, outcome)| outcome).collect()
}

#[tokio::test]
async fn a_page_goes_on_behind_the_one_before_unless_pages_may_shift() {
    let (right, wrong) = (Some(Outcome::Ok), Some(Outcome::BodyMismatch));
    for may_shift in [false, true] {
        assert_eq!(second_page(21, may_shift).await, [right, right]);
    }
    // The last mentor of the first page was pushed onto the second.
    assert_eq!(second_page(20, false).await, [right, wrong]);
    assert_eq!(second_page(20, true).await, [right, right]);
}
