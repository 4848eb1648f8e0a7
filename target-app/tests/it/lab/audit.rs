//! The audit: clean on what was seeded, and each invariant noticed when it is broken.

use crate::support::{Lesson, TestApp};

#[tokio::test]
async fn every_invariant_is_named_numbered_and_holds_on_seeded_data() {
    let app = TestApp::start().await;
    let report = app.lab().audit().await;
    assert_eq!(report.violations(), 0);
    assert!(report.invariants.len() >= 13);
    assert!(report.invariants.is_sorted_by(|a, b| a.number < b.number));
    for one in &report.invariants {
        assert!(
            one.statement.ends_with('.') && one.rows.is_empty(),
            "{one:?}"
        );
    }
    app.finish().await;
}

/// A booking as `Lesson` makes it, with one thing changed, for a student who has no other.
const COPY: &str = "insert into booking
     (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
     select gen_random_uuid(), slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents
     from booking where id = 'BOOKING'";

#[tokio::test]
async fn each_invariant_is_reported_by_name_when_it_is_broken() {
    for (name, breakage) in [
        ("slot_capacity", COPY),
        ("slot_booked_counter", "update slot set booked = 0 where id = 'SLOT'"),
        ("seat_unique", COPY),
        ("seat_within_capacity", "update booking set seat = 1 where id = 'BOOKING'"),
        ("student_overlap", COPY),
        (
            "mentor_overlap",
            "update slot set ends_at = other.starts_at + interval '1 second'
             from slot other where slot.id = 'SLOT' and other.id = 'OTHER'",
        ),
        (
            "booking_copies_slot",
            "update booking set price_cents = price_cents + 1 where id = 'BOOKING'",
        ),
        (
            "idempotency_one_effect",
            "insert into idempotency_key (user_id, key, digest, status, body)
             select student_id, 'k', '\\x00', 201, jsonb_build_object('id', gen_random_uuid())
             from booking where id = 'BOOKING'",
        ),
        (
            "chat_dense",
            "delete from chat_message where seq = 2 and room_id = (select min(id::text)::uuid from chat_room)",
        ),
        (
            "refresh_family_one_live",
            "insert into refresh_token (digest, family, user_id, expires_at, revoked_at)
             select digest::bytea, '00000000-0000-0000-0000-000000000001', student_id, now(), revoked
             from booking, (values ('\\x01', null), ('\\x02', now())) as t (digest, revoked)
             where id = 'BOOKING'",
        ),
        (
            "rating_in_step",
            "update mentor set rating_hundredths = 1 where review_count > 0",
        ),
        (
            "review_after_lesson",
            "insert into review (id, mentor_id, student_id, booking_id, stars, body)
             select gen_random_uuid(), mentor_id, (select id from app_user where email like 'student000300%'), id, 5, 'x'
             from booking where id = 'BOOKING'",
        ),
        (
            "one_booking_per_key",
            "update booking
             set client_key = 'k', student_id = (select student_id from booking where id = 'BOOKING')
             where slot_id in ('SLOT', 'OTHER')",
        ),
    ] {
        let app = TestApp::with(&["bookings.strategy=naive"]).start().await;
        let lesson = |student| Lesson { student, mentor: 3 };
        let booking = lesson(200).create(&app.db).await;
        let other = lesson(201).create(&app.db).await;
        let slot_of = async |booking| -> String {
            sqlx::query_scalar("select slot_id::text from booking where id = $1")
                .bind(booking)
                .fetch_one(app.db.pool())
                .await
                .unwrap()
        };
        let sql = breakage
            .replace("BOOKING", &booking.to_string())
            .replace("SLOT", &slot_of(booking.0).await)
            .replace("OTHER", &slot_of(other.0).await);
        app.lab().audits_clean().await;
        app.db.execute(&sql).await;
        let report = app.lab().audit().await;
        let broken: Vec<_> = report.broken().collect();
        let found = broken.iter().find(|one| one.name == name);
        let found = found.unwrap_or_else(|| panic!("{name} was not noticed: {broken:?}"));
        assert!(found.violations > 0);
        assert!(!found.rows.is_empty() && found.rows.len() <= 100);
        app.finish().await;
    }
}
