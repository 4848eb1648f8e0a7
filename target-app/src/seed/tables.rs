//! The plan as rows: each table's columns, and how an item of the plan becomes its rows.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use shared::dataset::{
    Kind, MEDIA_FILES, RACE_SLOTS, SKILLS, id, media_key, media_size, mentor_email, student_email,
};
use uuid::Uuid;

use super::{
    people::{self, Names},
    plan::{DAY, HOUR, Plan, Status, race_slot},
    rows::Rows,
    skew::{row, stream},
};

/// Rows of the plan that have an account, in the order in which accounts are made.
#[derive(Clone, Copy)]
enum Person {
    Student(u32),
    Mentor(u32),
    Parent(u32),
    Admin(u32),
}

/// A seeded table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static str,
    /// Items of the plan that make rows; one item may make several.
    pub(super) items: fn(&Plan) -> u32,
    write: fn(&Writer, u32, &mut Rows),
}

/// Every table, those referred to before those that refer.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "app_user",
        columns: "id, email, display_name, role, grade, is_active, seeded, created_at",
        items: people_count,
        write: Writer::app_user,
    },
    Table {
        name: "credential",
        columns: "user_id, hash, failed_count, locked_until",
        items: people_count,
        write: Writer::credential,
    },
    Table {
        name: "skill",
        columns: "id, name",
        items: |_| SKILLS.len() as u32,
        write: |_, n, rows| rows.int(n + 1).text(SKILLS[n as usize]).end(),
    },
    Table {
        name: "mentor",
        columns: "id, user_id, display_name, headline, bio, languages, hourly_price_cents, \
                  rating_hundredths, review_count, is_active, joined_at",
        items: |plan| plan.counts.mentors,
        write: Writer::mentor,
    },
    Table {
        name: "mentor_skill",
        columns: "mentor_id, skill_id",
        items: |plan| plan.counts.mentors,
        write: Writer::mentor_skill,
    },
    Table {
        name: "slot",
        columns: "id, mentor_id, starts_at, ends_at, capacity, booked, price_cents",
        items: |plan| plan.slots.len() as u32 + RACE_SLOTS,
        write: Writer::slot,
    },
    Table {
        name: "booking",
        columns: "id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, \
                  price_cents, created_at, cancelled_at",
        items: |plan| plan.bookings.len() as u32,
        write: Writer::booking,
    },
    Table {
        name: "review",
        columns: "id, mentor_id, student_id, booking_id, stars, body, created_at",
        items: |plan| plan.reviews.len() as u32,
        write: Writer::review,
    },
    Table {
        name: "recording",
        columns: "id, booking_id, title, duration_seconds, media_key, size_bytes, recorded_at",
        items: |plan| plan.recordings.len() as u32,
        write: Writer::recording,
    },
    Table {
        name: "chat_room",
        columns: "id, title, last_seq",
        items: |plan| plan.rooms.len() as u32,
        write: Writer::chat_room,
    },
    Table {
        name: "chat_member",
        columns: "room_id, user_id",
        items: |plan| plan.rooms.len() as u32,
        write: Writer::chat_member,
    },
    Table {
        name: "chat_message",
        columns: "id, room_id, seq, sender_id, client_id, body, sent_at",
        items: |plan| plan.messages.len() as u32,
        write: Writer::chat_message,
    },
];

/// Tables that only requests fill; a load empties them as well.
pub(super) const UNSEEDED: &[&str] = &[
    "booking_conflict",
    "idempotency_key",
    "refresh_token",
    "dataset",
];

impl Table {
    /// Writes the rows of one item.
    pub(super) fn write(&self, writer: &Writer, item: u32, rows: &mut Rows) {
        (self.write)(writer, item, rows);
    }
}

/// What rows are made from beside the plan.
pub(super) struct Writer {
    pub(super) plan: Plan,
    /// Hash of everybody's password.
    hash: String,
    names: Names,
    name_stream: ChaCha8Rng,
    profile_stream: ChaCha8Rng,
    review_stream: ChaCha8Rng,
    recording_stream: ChaCha8Rng,
    room_stream: ChaCha8Rng,
    chat_stream: ChaCha8Rng,
}

fn people_count(plan: &Plan) -> u32 {
    plan.counts.students + plan.counts.mentors + plan.parents + plan.admins
}

impl Writer {
    pub(super) fn new(plan: Plan, hash: String) -> Self {
        Self {
            hash,
            names: Names::new(),
            name_stream: stream(plan.seed, "text.name"),
            profile_stream: stream(plan.seed, "text.profile"),
            review_stream: stream(plan.seed, "text.review"),
            recording_stream: stream(plan.seed, "text.recording"),
            room_stream: stream(plan.seed, "text.room"),
            chat_stream: stream(plan.seed, "text.chat"),
            plan,
        }
    }

    fn person(&self, n: u32) -> Person {
        let (students, mentors) = (self.plan.counts.students, self.plan.counts.mentors);
        match n {
            n if n < students => Person::Student(n),
            n if n < students + mentors => Person::Mentor(n - students),
            n if n < students + mentors + self.plan.parents => {
                Person::Parent(n - students - mentors)
            }
            n => Person::Admin(n - students - mentors - self.plan.parents),
        }
    }

    fn name(&self, person: u32) -> String {
        self.names.full(&mut row(&self.name_stream, person))
    }

    fn app_user(&self, n: u32, rows: &mut Rows) {
        let mut rng = row(&self.name_stream, n);
        let name = self.names.full(&mut rng);
        let person = self.person(n);
        let (email, role) = match person {
            Person::Student(n) => (student_email(n), "student"),
            Person::Mentor(n) => (mentor_email(n), "mentor"),
            Person::Parent(n) => (format!("parent{n:06}@codeconnect.test"), "parent"),
            Person::Admin(n) => (format!("admin{n:06}@codeconnect.test"), "admin"),
        };
        rows.uuid(user_id(person))
            .text(&email)
            .text(&name)
            .text(role);
        match person {
            Person::Student(_) => rows.int(rng.random_range(5..=13_i64)),
            _ => rows.null(),
        };
        let created = match person {
            Person::Mentor(n) => self.plan.mentors[n as usize].joined,
            _ => -rng.random_range(310 * DAY..=900 * DAY),
        };
        rows.flag(true).flag(true).time(created).end();
    }

    fn credential(&self, n: u32, rows: &mut Rows) {
        rows.uuid(user_id(self.person(n)))
            .opaque(&self.hash)
            .int(0)
            .null()
            .end();
    }

    fn mentor(&self, n: u32, rows: &mut Rows) {
        let mentor = &self.plan.mentors[n as usize];
        let profile = people::profile(&mut row(&self.profile_stream, n));
        rows.uuid(id(Kind::Mentor, n))
            .uuid(id(Kind::MentorUser, n))
            .text(&self.name(self.plan.counts.students + n))
            .text(&profile.headline)
            .text(&profile.bio)
            .words(&profile.languages)
            .int(mentor.price_cents)
            .int(mentor.rating_hundredths)
            .int(mentor.reviews)
            .flag(mentor.active)
            .time(mentor.joined)
            .end();
    }

    fn mentor_skill(&self, n: u32, rows: &mut Rows) {
        let profile = people::profile(&mut row(&self.profile_stream, n));
        for skill in profile.skills {
            rows.uuid(id(Kind::Mentor, n)).int(skill as i64 + 1).end();
        }
    }

    fn slot(&self, n: u32, rows: &mut Rows) {
        let planned = self.plan.slots.len() as u32;
        let Some(slot) = self.plan.slots.get(n as usize) else {
            let n = n - planned;
            let (mentor, starts) = race_slot(&self.plan.mentors, n);
            rows.uuid(id(Kind::RaceSlot, n))
                .uuid(id(Kind::Mentor, mentor))
                .time(starts)
                .time(starts + HOUR)
                .int(1)
                .int(0)
                .int(self.plan.mentors[mentor as usize].price_cents)
                .end();
            return;
        };
        rows.uuid(id(Kind::Slot, n))
            .uuid(id(Kind::Mentor, slot.mentor))
            .time(slot.starts())
            .time(slot.ends())
            .int(slot.capacity)
            .int(slot.booked)
            .int(slot.price_cents)
            .end();
    }

    fn booking(&self, n: u32, rows: &mut Rows) {
        let booking = &self.plan.bookings[n as usize];
        let slot = &self.plan.slots[booking.slot as usize];
        rows.uuid(id(Kind::Booking, n))
            .uuid(id(Kind::Slot, booking.slot))
            .uuid(id(Kind::Mentor, slot.mentor))
            .uuid(id(Kind::Student, booking.student))
            .time(slot.starts())
            .time(slot.ends())
            .int(booking.seat)
            .text(match booking.status {
                Status::Confirmed => "confirmed",
                Status::Completed => "completed",
                Status::Cancelled => "cancelled",
            })
            .int(slot.price_cents)
            .time(booking.created);
        match booking.cancelled {
            Some(at) => rows.time(at),
            None => rows.null(),
        };
        rows.end();
    }

    fn review(&self, n: u32, rows: &mut Rows) {
        let review = &self.plan.reviews[n as usize];
        let booking = &self.plan.bookings[review.booking as usize];
        let mentor = self.plan.slots[booking.slot as usize].mentor;
        rows.uuid(id(Kind::Review, n))
            .uuid(id(Kind::Mentor, mentor))
            .uuid(id(Kind::Student, booking.student))
            .uuid(id(Kind::Booking, review.booking))
            .int(review.stars)
            .text(&people::review(
                &mut row(&self.review_stream, n),
                review.stars,
            ))
            .time(review.created)
            .end();
    }

    fn recording(&self, n: u32, rows: &mut Rows) {
        let booking = self.plan.recordings[n as usize];
        let slot = &self.plan.slots[self.plan.bookings[booking as usize].slot as usize];
        let mut rng = row(&self.recording_stream, n);
        let skill = people::skill(&mut rng);
        let with = self.name(self.plan.counts.students + slot.mentor);
        let file = n % MEDIA_FILES;
        rows.uuid(id(Kind::Recording, n))
            .uuid(id(Kind::Booking, booking))
            .text(&format!("{skill} with {with}"))
            .int(rng.random_range(30 * 60..=HOUR))
            .text(&media_key(file))
            .int(media_size(file) as i64)
            .time(slot.starts())
            .end();
    }

    fn chat_room(&self, n: u32, rows: &mut Rows) {
        let title = people::room_title(&mut row(&self.room_stream, n), n);
        rows.uuid(id(Kind::Room, n))
            .text(&title)
            .int(self.plan.rooms[n as usize].last_seq)
            .end();
    }

    fn chat_member(&self, n: u32, rows: &mut Rows) {
        for member in 0..=self.plan.rooms[n as usize].students.len() as u32 {
            rows.uuid(id(Kind::Room, n))
                .uuid(self.member(n, member))
                .end();
        }
    }

    fn chat_message(&self, n: u32, rows: &mut Rows) {
        let message = &self.plan.messages[n as usize];
        rows.uuid(id(Kind::Message, n))
            .uuid(id(Kind::Room, message.room))
            .int(message.seq)
            .uuid(self.member(message.room, message.sender))
            .text(&format!("seed-{n}"))
            .text(&people::chat(&mut row(&self.chat_stream, n)))
            .time(message.sent)
            .end();
    }

    /// Account of a room's member: 0 is its mentor, 1 its first student.
    fn member(&self, room: u32, member: u32) -> Uuid {
        let room = &self.plan.rooms[room as usize];
        match member.checked_sub(1) {
            None => id(Kind::MentorUser, room.mentor),
            Some(n) => id(Kind::Student, room.students[n as usize]),
        }
    }
}

fn user_id(person: Person) -> Uuid {
    match person {
        Person::Student(n) => id(Kind::Student, n),
        Person::Mentor(n) => id(Kind::MentorUser, n),
        Person::Parent(n) => id(Kind::Parent, n),
        Person::Admin(n) => id(Kind::Admin, n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::dataset::Scale;

    fn digest(seed: u64, anchor: &str, hash: &str) -> String {
        let plan = Plan::new(Scale::Tiny, seed);
        let writer = Writer::new(plan, hash.to_owned());
        let mut rows = Rows::new(anchor.parse().unwrap());
        for table in TABLES {
            rows.start_table(table.name);
            for item in 0..(table.items)(&writer.plan) {
                table.write(&writer, item, &mut rows);
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

    #[test]
    fn one_seed_gives_one_digest_on_any_day_and_with_any_hash() {
        let first = digest(42, "2026-03-01T00:00:00Z", "$2b$10$first");
        assert_eq!(first, digest(42, "2027-08-09T00:00:00Z", "$2b$10$second"));
        assert_ne!(first, digest(43, "2026-03-01T00:00:00Z", "$2b$10$first"));
    }
}
