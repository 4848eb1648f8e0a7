//! A table that the seed fills: its columns, and how an item of the plan becomes its rows.
//! Features declare their own; here are the type and what all rows are made from.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use rand_chacha::ChaCha8Rng;
use shared::dataset::{RowKind, id};
use uuid::Uuid;

use super::{people::Names, plan::SeedPlan, rows::Rows, skew};

/// A table with seeded rows.
pub struct SeedTable {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    /// The columns in the order in which rows are written.
    pub(crate) columns: &'static str,
    /// Tables that it refers to: they are loaded first.
    pub(crate) after: &'static [&'static str],
    /// Number of items of the plan that make rows; one item may make several.
    pub(crate) items: fn(&SeedPlan) -> u32,
    /// Writes the rows of one item.
    pub(crate) write: fn(&SeedData, u32, &mut Rows),
}

/// Every table that a load fills or empties.
#[derive(Default)]
pub struct SeedTables {
    /// Those with seeded rows.
    pub filled: Vec<SeedTable>,
    /// Those that only requests fill.
    pub emptied: Vec<&'static str>,
}

impl SeedTables {
    /// Those with seeded rows, each behind those that it refers to, else in the order given.
    /// The digest of the data follows this order.
    pub(super) fn in_order(&self) -> Vec<&SeedTable> {
        let mut waiting: Vec<&SeedTable> = self.filled.iter().collect();
        let mut loaded = BTreeSet::new();
        let mut order = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let ready = waiting
                .iter()
                .position(|table| table.after.iter().all(|other| loaded.contains(other)))
                .expect("tables refer to seeded tables, and never in a circle");
            let table = waiting.remove(ready);
            loaded.insert(table.name);
            order.push(table);
        }
        order
    }
}

/// What rows are made from: the plan, the common password, names, and streams of chance.
pub(crate) struct SeedData {
    pub(crate) plan: SeedPlan,
    /// Hash of everybody's password.
    pub(crate) hash: String,
    names: Names,
    name_stream: ChaCha8Rng,
    /// Streams by their purpose, made when first used.
    streams: Mutex<Vec<(&'static str, ChaCha8Rng)>>,
}

impl SeedData {
    pub(crate) fn new(plan: SeedPlan, hash: String) -> Self {
        Self {
            hash,
            names: Names::new(),
            name_stream: skew::stream(plan.seed, "text.name"),
            streams: Mutex::default(),
            plan,
        }
    }

    /// The random numbers of row `n` for one purpose: the same in whatever order rows are made.
    pub(crate) fn rng(&self, purpose: &'static str, n: u32) -> ChaCha8Rng {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, stream)) = streams.iter().find(|(known, _)| *known == purpose) {
            return skew::row(stream, n);
        }
        let stream = skew::stream(self.plan.seed, purpose);
        let row = skew::row(&stream, n);
        streams.push((purpose, stream));
        row
    }

    /// The shown name of an account, by its place among all accounts; with the random numbers
    /// that go on behind it.
    pub(crate) fn name(&self, account: u32) -> (String, ChaCha8Rng) {
        let mut rng = skew::row(&self.name_stream, account);
        (self.names.full(&mut rng), rng)
    }

    /// The shown name of a mentor; mentors' accounts come behind those of students.
    pub(crate) fn mentor_name(&self, mentor: u32) -> String {
        self.name(self.plan.counts.students + mentor).0
    }

    /// Account of a room's member: 0 is its mentor, 1 its first student.
    pub(crate) fn room_member(&self, room: u32, member: u32) -> Uuid {
        let room = &self.plan.rooms[room as usize];
        match member.checked_sub(1) {
            None => id(RowKind::MentorUser, room.mentor),
            Some(n) => id(RowKind::Student, room.students[n as usize]),
        }
    }
}

/// The digest of what a seed of the smallest scale makes, without a database; checks the number of
/// columns of every row.
#[cfg(test)]
pub(crate) fn digest_of(
    tables: &SeedTables,
    seed: u64,
    anchor: chrono::DateTime<chrono::Utc>,
    hash: &str,
) -> String {
    let plan = SeedPlan::new(shared::dataset::Scale::Tiny, seed);
    let data = SeedData::new(plan, hash.to_owned());
    let mut rows = Rows::new(anchor);
    for table in tables.in_order() {
        rows.start_table(table.name);
        for item in 0..(table.items)(&data.plan) {
            (table.write)(&data, item, &mut rows);
        }
        assert!(rows.count() > 0, "{}", table.name);
        let columns = table.columns.split(',').count();
        let text = rows.take();
        assert!(
            text.lines().all(|line| line.split('\t').count() == columns),
            "{}",
            table.name
        );
    }
    rows.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &'static str, after: &'static [&'static str]) -> SeedTable {
        SeedTable {
            name,
            columns: "",
            after,
            items: |_| 0,
            write: |_, _, _| {},
        }
    }

    #[test]
    fn a_table_comes_behind_those_that_it_refers_to() {
        let tables = SeedTables {
            filled: vec![
                table("mentor", &[]),
                table("review", &["booking", "mentor"]),
                table("booking", &["slot"]),
                table("slot", &["mentor"]),
            ],
            emptied: Vec::new(),
        };
        let names: Vec<_> = tables.in_order().iter().map(|table| table.name).collect();
        assert_eq!(names, ["mentor", "slot", "booking", "review"]);
    }
}
