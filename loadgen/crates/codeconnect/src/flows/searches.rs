//! The searches of the mentor list that people make.

use shared::{
    api::mentors::{MentorQuery, MentorSort},
    dataset::{LANGUAGES, SKILLS},
};

/// Share of visitors who look at the next page.
pub const NEXT_PAGE: f64 = 0.2;

/// The searches that people make, most common first: a bounded set, so that a cache can help
/// as it would in life, where many people ask for the same few lists.
pub fn searches() -> Vec<MentorQuery> {
    let mut all = vec![MentorQuery::default()];
    let sorts = [
        None,
        Some(MentorSort::PriceAsc),
        Some(MentorSort::Newest),
        Some(MentorSort::PriceDesc),
    ];
    for (index, skill) in SKILLS.iter().take(12).enumerate() {
        all.push(MentorQuery {
            skill: Some((*skill).to_owned()),
            sort: sorts[index % sorts.len()],
            ..MentorQuery::default()
        });
    }
    for (index, language) in LANGUAGES.iter().enumerate() {
        all.push(MentorQuery {
            language: Some((*language).to_owned()),
            sort: sorts[(index + 1) % sorts.len()],
            per_page: Some(10),
            ..MentorQuery::default()
        });
    }
    for (min_rating, sort) in [(4.0, None), (4.5, sorts[1]), (3.5, sorts[2])] {
        all.push(MentorQuery {
            min_rating: Some(min_rating),
            sort,
            ..MentorQuery::default()
        });
    }
    for (max_price_cents, sort) in [(3_000, None), (5_000, sorts[3]), (8_000, sorts[1])] {
        all.push(MentorQuery {
            max_price_cents: Some(max_price_cents),
            sort,
            ..MentorQuery::default()
        });
    }
    for page in [2, 3, 5, 10] {
        all.push(MentorQuery {
            page: Some(page),
            ..MentorQuery::default()
        });
    }
    for word in ["python", "rust", "sql", "react", "java"] {
        all.push(MentorQuery {
            q: Some(word.to_owned()),
            ..MentorQuery::default()
        });
    }
    for (index, skill) in SKILLS.iter().take(6).enumerate() {
        all.push(MentorQuery {
            skill: Some((*skill).to_owned()),
            min_rating: Some(3.0),
            max_price_cents: Some(9_000),
            language: Some(LANGUAGES[index % 2].to_owned()),
            ..MentorQuery::default()
        });
    }
    all
}
