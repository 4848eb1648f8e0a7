//! Seeded mentors, their skills, and the reviews of their lessons.

use shared::dataset::{RowKind, SKILLS, id};

use crate::seed::{Rows, SeedData, SeedTable, people};

/// Random numbers of a profile's texts; the skills of `mentor_skill` are among them.
const PROFILE: &str = "text.profile";

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "skill",
            columns: "id, name",
            after: &[],
            items: |_| SKILLS.len() as u32,
            write: |_, n, rows| rows.int(n + 1).text(SKILLS[n as usize]).end(),
        },
        SeedTable {
            name: "mentor",
            columns: "id, user_id, display_name, headline, bio, languages, hourly_price_cents, \
                      rating_hundredths, review_count, is_active, joined_at",
            after: &["app_user"],
            items: |plan| plan.counts.mentors,
            write: mentor,
        },
        SeedTable {
            name: "mentor_skill",
            columns: "mentor_id, skill_id",
            after: &["mentor", "skill"],
            items: |plan| plan.counts.mentors,
            write: mentor_skill,
        },
        SeedTable {
            name: "review",
            columns: "id, mentor_id, student_id, booking_id, stars, body, created_at",
            after: &["booking"],
            items: |plan| plan.reviews.len() as u32,
            write: review,
        },
    ]
}

fn mentor(data: &SeedData, n: u32, rows: &mut Rows) {
    let mentor = &data.plan.mentors[n as usize];
    let profile = people::profile(&mut data.rng(PROFILE, n));
    rows.uuid(id(RowKind::Mentor, n))
        .uuid(id(RowKind::MentorUser, n))
        .text(&data.mentor_name(n))
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

fn mentor_skill(data: &SeedData, n: u32, rows: &mut Rows) {
    let profile = people::profile(&mut data.rng(PROFILE, n));
    for skill in profile.skills {
        rows.uuid(id(RowKind::Mentor, n))
            .int(skill as i64 + 1)
            .end();
    }
}

fn review(data: &SeedData, n: u32, rows: &mut Rows) {
    let review = &data.plan.reviews[n as usize];
    let booking = &data.plan.bookings[review.booking as usize];
    let mentor = data.plan.slots[booking.slot as usize].mentor;
    let text = people::review(&mut data.rng("text.review", n), review.stars);
    rows.uuid(id(RowKind::Review, n))
        .uuid(id(RowKind::Mentor, mentor))
        .uuid(id(RowKind::Student, booking.student))
        .uuid(id(RowKind::Booking, review.booking))
        .int(review.stars)
        .text(&text)
        .time(review.created)
        .end();
}
