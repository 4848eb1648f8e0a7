//! The statements of the mentor list, put together from what the criteria name.
//!
//! A filter that is not asked for is not in the text, and a keyset is a range of the order's
//! leading column: each combination gets a plan of its own, and the plain list can walk
//! `mentor (is_active, rating_hundredths desc, id)`. Every value is a bound parameter.

use chrono::{DateTime, Utc};
use shared::{
    api::mentors::{MentorCard, MentorSort},
    ids::MentorId,
    money::Cents,
};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, query_as, query_scalar};
use uuid::Uuid;

use super::model::{Criteria, Listed};
use crate::{
    db::DbError,
    paging::{PageStart, Position},
    timing,
};

/// Columns that a card needs of `mentor m`.
pub(super) const CARD: &str = "m.id, m.display_name, m.headline, m.languages, \
     m.hourly_price_cents, m.rating_hundredths, m.review_count, m.joined_at";

/// The skills of `mentor m`, as a join that keeps mentors without any.
pub(super) const SKILLS: &str = "left join lateral (
             select array_agg(k.name) as skills
             from mentor_skill ms
             join skill k on k.id = ms.skill_id
             where ms.mentor_id = m.id
         ) s on true";

#[derive(FromRow)]
pub(super) struct CardRow {
    pub(super) id: Uuid,
    pub(super) display_name: String,
    pub(super) headline: String,
    pub(super) languages: Vec<String>,
    pub(super) hourly_price_cents: i64,
    pub(super) rating_hundredths: i32,
    pub(super) review_count: i32,
    pub(super) joined_at: DateTime<Utc>,
    #[sqlx(default)]
    pub(super) skills: Option<Vec<String>>,
}

impl From<CardRow> for MentorCard {
    fn from(row: CardRow) -> Self {
        let mut card = Self {
            id: MentorId(row.id),
            display_name: row.display_name,
            headline: row.headline,
            skills: row.skills.unwrap_or_default(),
            languages: row.languages,
            hourly_price_cents: Cents(row.hourly_price_cents),
            rating: f64::from(row.rating_hundredths) / 100.0,
            review_count: i64::from(row.review_count),
            joined_at: row.joined_at,
        };
        // Sorted here and not in SQL: a collation must not decide what "alphabetical" means.
        card.skills.sort_unstable();
        card.languages.sort_unstable();
        card
    }
}

#[derive(FromRow)]
struct PositionRow {
    id: Uuid,
    hourly_price_cents: i64,
    rating_hundredths: i32,
    joined_at: DateTime<Utc>,
}

impl PositionRow {
    fn position(&self, sort: MentorSort) -> Position {
        Position {
            key: match sort {
                MentorSort::Rating => i64::from(self.rating_hundredths),
                MentorSort::PriceAsc | MentorSort::PriceDesc => self.hourly_price_cents,
                MentorSort::Newest => self.joined_at.timestamp_micros(),
            },
            id: self.id,
        }
    }
}

/// How many mentors match, on all pages.
pub(super) async fn count(conn: &mut PgConnection, criteria: &Criteria) -> Result<u64, DbError> {
    let mut sql = count_text(criteria);
    let counted: i64 = timing::db(sql.build_query_scalar().fetch_one(conn)).await?;
    Ok(counted.unsigned_abs())
}

/// The statement of [`count`].
pub(super) fn count_text(criteria: &Criteria) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("select count(*) from mentor m");
    filter(&mut sql, criteria);
    sql
}

/// The statement of [`joined`].
pub(super) fn joined_text(criteria: &Criteria) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(format!(
        "select m.*, s.skills from (select {CARD} from mentor m"
    ));
    filter(&mut sql, criteria);
    page(&mut sql, criteria);
    sql.push(format!(") m {SKILLS}"));
    sql.push(order(criteria.sort));
    sql
}

/// The cards of a page and of the one after it, in one statement.
pub(super) async fn joined(
    conn: &mut PgConnection,
    criteria: &Criteria,
) -> Result<Vec<Listed>, DbError> {
    let mut sql = joined_text(criteria);
    let rows: Vec<CardRow> = timing::db(sql.build_query_as().fetch_all(conn)).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = PositionRow {
                id: row.id,
                hourly_price_cents: row.hourly_price_cents,
                rating_hundredths: row.rating_hundredths,
                joined_at: row.joined_at,
            };
            Listed {
                position: place.position(criteria.sort),
                card: row.into(),
            }
        })
        .collect())
}

/// The statement of [`positions`].
pub(super) fn positions_text(criteria: &Criteria) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(
        "select m.id, m.hourly_price_cents, m.rating_hundredths, m.joined_at from mentor m",
    );
    filter(&mut sql, criteria);
    page(&mut sql, criteria);
    sql
}

/// Only who is on a page, and on the one after it.
pub(super) async fn positions(
    conn: &mut PgConnection,
    criteria: &Criteria,
) -> Result<Vec<Position>, DbError> {
    let mut sql = positions_text(criteria);
    let rows: Vec<PositionRow> = timing::db(sql.build_query_as().fetch_all(conn)).await?;
    Ok(rows.iter().map(|row| row.position(criteria.sort)).collect())
}

/// One card: `id`.
pub(super) const ONE_CARD: &str = "select m.id, m.display_name, m.headline, m.languages,
            m.hourly_price_cents, m.rating_hundredths, m.review_count, m.joined_at
     from mentor m
     where m.id = $1";

/// The card of one mentor, its skills left out.
pub(super) async fn card(conn: &mut PgConnection, id: Uuid) -> Result<Option<MentorCard>, DbError> {
    let found = query_as::<_, CardRow>(ONE_CARD).bind(id);
    Ok(timing::db(found.fetch_optional(conn))
        .await?
        .map(MentorCard::from))
}

/// One mentor's skills: `id`.
pub(super) const ONE_SKILLS: &str = "select k.name
     from mentor_skill ms
     join skill k on k.id = ms.skill_id
     where ms.mentor_id = $1";

/// The skills of one mentor, in alphabetical order.
pub(super) async fn skills(conn: &mut PgConnection, id: Uuid) -> Result<Vec<String>, DbError> {
    let found = query_scalar(ONE_SKILLS).bind(id);
    let mut names: Vec<String> = timing::db(found.fetch_all(conn)).await?;
    names.sort_unstable();
    Ok(names)
}

/// One mentor's rating: `id`.
pub(super) const ONE_RATING: &str = "select coalesce(round(avg(stars) * 100), 0)::integer, count(*)
     from review
     where mentor_id = $1";

/// Mean and number of one mentor's reviews, computed from the reviews themselves.
pub(super) async fn live_rating(conn: &mut PgConnection, id: Uuid) -> Result<(f64, i64), DbError> {
    let found = query_as::<_, (i32, i64)>(ONE_RATING).bind(id);
    let (hundredths, count) = timing::db(found.fetch_one(conn)).await?;
    Ok((f64::from(hundredths) / 100.0, count))
}

/// `where …`: what the criteria name, and nothing else.
fn filter(sql: &mut QueryBuilder<Postgres>, criteria: &Criteria) {
    sql.push(" where m.is_active");
    if let Some(words) = &criteria.words {
        sql.push(
            " and to_tsvector('simple', m.display_name || ' ' || m.headline || ' ' || m.bio)
              @@ websearch_to_tsquery('simple', ",
        )
        .push_bind(words.clone())
        .push(")");
    }
    if let Some(skill) = &criteria.skill {
        sql.push(
            " and exists (
                 select
                 from mentor_skill ms
                 join skill k on k.id = ms.skill_id
                 where ms.mentor_id = m.id and k.name = ",
        )
        .push_bind(skill.clone())
        .push(")");
    }
    if let Some(hundredths) = criteria.min_rating_hundredths {
        sql.push(" and m.rating_hundredths >= ")
            .push_bind(hundredths);
    }
    if let Some(cents) = criteria.max_price_cents {
        sql.push(" and m.hourly_price_cents <= ").push_bind(cents);
    }
    if let Some(language) = &criteria.language {
        sql.push(" and ")
            .push_bind(language.clone())
            .push(" = any(m.languages)");
    }
}

/// Where the page begins, its order, and one row more than it holds: is there another page?
fn page(sql: &mut QueryBuilder<Postgres>, criteria: &Criteria) {
    if let PageStart::After { position, .. } = &criteria.start {
        // Written as a range and an exception, so that an index on the column can start there.
        let (column, towards) = match criteria.sort {
            MentorSort::Rating => ("m.rating_hundredths", "<"),
            MentorSort::PriceAsc => ("m.hourly_price_cents", ">"),
            MentorSort::PriceDesc => ("m.hourly_price_cents", "<"),
            MentorSort::Newest => ("m.joined_at", "<"),
        };
        sql.push(format!(" and {column} {towards}= "));
        push_key(sql, criteria.sort, position.key);
        sql.push(format!(" and ({column} {towards} "));
        push_key(sql, criteria.sort, position.key);
        sql.push(" or m.id > ").push_bind(position.id).push(")");
    }
    sql.push(order(criteria.sort));
    sql.push(" limit ")
        .push_bind(i64::from(criteria.per_page) + 1);
    if let PageStart::Page(page @ 2..) = criteria.start {
        sql.push(" offset ")
            .push_bind(i64::from(page - 1) * i64::from(criteria.per_page));
    }
}

fn push_key(sql: &mut QueryBuilder<Postgres>, sort: MentorSort, key: i64) {
    match sort {
        MentorSort::Newest => {
            // The cursor's reader admits only keys that are instants.
            sql.push_bind(DateTime::<Utc>::from_timestamp_micros(key).unwrap_or_default());
        }
        MentorSort::Rating | MentorSort::PriceAsc | MentorSort::PriceDesc => {
            sql.push_bind(key);
        }
    }
}

const fn order(sort: MentorSort) -> &'static str {
    match sort {
        MentorSort::Rating => " order by m.rating_hundredths desc, m.id",
        MentorSort::PriceAsc => " order by m.hourly_price_cents, m.id",
        MentorSort::PriceDesc => " order by m.hourly_price_cents desc, m.id",
        MentorSort::Newest => " order by m.joined_at desc, m.id",
    }
}

#[cfg(test)]
mod tests {
    use shared::api::mentors::MentorQuery;

    use super::*;

    fn text(criteria: &Criteria) -> String {
        let mut sql = QueryBuilder::<Postgres>::new("select");
        filter(&mut sql, criteria);
        page(&mut sql, criteria);
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn what_is_not_asked_for_is_not_in_the_statement() {
        let plain = Criteria::try_from(MentorQuery::default()).unwrap();
        assert_eq!(
            text(&plain),
            "select where m.is_active order by m.rating_hundredths desc, m.id limit $1"
        );
    }

    #[test]
    fn what_people_type_is_bound_and_never_part_of_the_text() {
        let criteria = Criteria::try_from(MentorQuery {
            q: Some("x'); drop table mentor; --".into()),
            skill: Some("'rust".into()),
            language: Some("e'n".into()),
            min_rating: Some(4.0),
            max_price_cents: Some(5_000),
            page: Some(2),
            ..MentorQuery::default()
        })
        .unwrap();
        let text = text(&criteria);
        assert!(!text.contains("drop") && !text.contains("'rust") && !text.contains("e'n"));
        assert!(text.ends_with("limit $6 offset $7"), "{text}");
    }

    #[test]
    fn every_order_is_total_and_a_keyset_continues_it() {
        let position = Position {
            key: 450,
            id: Uuid::nil(),
        };
        for (sort, range) in [
            (MentorSort::Rating, "m.rating_hundredths <= $1"),
            (MentorSort::PriceAsc, "m.hourly_price_cents >= $1"),
            (MentorSort::PriceDesc, "m.hourly_price_cents <= $1"),
            (MentorSort::Newest, "m.joined_at <= $1"),
        ] {
            let criteria = Criteria {
                sort,
                start: PageStart::After { page: 2, position },
                ..Criteria::try_from(MentorQuery::default()).unwrap()
            };
            let text = text(&criteria);
            assert!(
                text.contains(range) && text.contains("or m.id > $3"),
                "{text}"
            );
            assert!(text.contains(", m.id limit"), "{text}");
        }
    }
}
