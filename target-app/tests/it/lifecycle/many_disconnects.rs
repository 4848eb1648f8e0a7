//! Thousands who go away at a random moment in the middle of a transaction, and what they leave.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use shared::{
    dataset::{self, RowKind, id},
    ids::{BookingId, SlotId},
};
use uuid::Uuid;

use crate::support::{TestApp, together};

/// Requests whose client may leave.
const REQUESTS: u32 = 2_016;
const AT_ONCE: u32 = 24;
/// Rounds of so many of which the first two are of patient clients.
const PATIENT_EVERY: u32 = 14;
/// Connections of the pool.
const POOL: usize = 10;
/// Students who take part, each at many lessons.
const STUDENTS: u32 = 100;
/// Seed of who does what and how long they wait.
const SEED: u64 = 24;

/// What a client requests before it disconnects.
enum Action {
    Book { student: u32, slot: SlotId },
    Cancel { student: u32, booking: BookingId },
    SignIn { student: u32 },
}

/// Lessons that no student has, in the order of their numbers, and as many that one student each has.
async fn calendar(app: &TestApp) -> (Vec<SlotId>, Vec<BookingId>) {
    let slots = sqlx::query_scalar::<_, Uuid>(
        "insert into slot (id, mentor_id, starts_at, ends_at, capacity, booked, price_cents)
         select gen_random_uuid(), $1, begins, begins + interval '1 hour', 1, (n >= $2)::int, 4500
         from (
             select n, date_trunc('hour', now()) + interval '500 days' + n * interval '2 hours' as begins
             from generate_series(0, 2 * $2 - 1) as n
         ) as lesson
         order by n
         returning id",
    )
    .bind(id(RowKind::Mentor, 2))
    .bind(REQUESTS.cast_signed())
    .fetch_all(app.db.pool())
    .await
    .unwrap();
    let (free, taken) = slots.split_at(REQUESTS as usize);
    let students: Vec<Uuid> = (0..REQUESTS)
        .map(|n| id(RowKind::Student, n % STUDENTS))
        .collect();
    let bookings = sqlx::query_scalar::<_, Uuid>(
        "insert into booking
             (id, slot_id, mentor_id, student_id, scheduled_at, ends_at, seat, status, price_cents)
         select gen_random_uuid(), slot.id, mentor_id, student, starts_at, ends_at, 0, 'confirmed', price_cents
         from unnest($1::uuid[], $2::uuid[]) with ordinality as given (slot, student, n)
         join slot on slot.id = given.slot
         order by n
         returning id",
    )
    .bind(taken)
    .bind(students)
    .fetch_all(app.db.pool())
    .await
    .unwrap();
    (
        free.iter().copied().map(SlotId).collect(),
        bookings.into_iter().map(BookingId).collect(),
    )
}

/// Does it; whether it was answered within `patience`. Dropping a request closes its connection.
async fn ask(app: &TestApp, n: u32, action: &Action, patience: Duration) -> bool {
    let work = async {
        match action {
            Action::Book { student, slot } => {
                let key = format!("order-{n}");
                app.student(*student).book_with_key(*slot, &key).await
            }
            Action::Cancel { student, booking } => app.student(*student).cancel(*booking).await,
            Action::SignIn { student } => {
                let email = dataset::student_email(*student);
                app.anonymous().login(&email, dataset::PASSWORD).await
            }
        }
    };
    match tokio::time::timeout(patience, work).await {
        Ok(answer) => {
            assert!(answer.status < 300, "{}", answer.text());
            true
        }
        Err(_) => false,
    }
}

/// Every connection that the pool may have, all at once: each answers and none is inside of a
/// transaction, where the time would stand still.
async fn whole_pool(app: &TestApp) {
    let engine = app.state.engine();
    let pool = engine.db.pool();
    let mut all = together((0..POOL).map(|_| pool.acquire())).await;
    for conn in &mut all {
        let conn = conn.as_mut().expect("the pool gives what it may have");
        let mut times = Vec::new();
        for _ in 0..2 {
            let time: DateTime<Utc> = sqlx::query_scalar("select now()")
                .fetch_one(&mut **conn)
                .await
                .unwrap();
            times.push(time);
        }
        assert_ne!(
            times[0], times[1],
            "a connection of the pool is inside of a transaction"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_who_leave_at_random_leave_nothing_half_done_and_the_pool_whole() {
    let app = TestApp::with(&[&format!("pool.max={POOL}")]).start().await;
    let (free, taken) = calendar(&app).await;
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut usual = Duration::MAX;
    let (mut hurried, mut answered) = (0, 0);
    for first in (0..REQUESTS).step_by(AT_ONCE as usize) {
        let begin = Instant::now();
        let actions: Vec<(u32, Action, f64)> = (first..first + AT_ONCE)
            .map(|n| {
                let student = n % STUDENTS;
                let action = match chance.random_range(0..10) {
                    0..5 => Action::Book {
                        student,
                        slot: free[n as usize],
                    },
                    5..9 => Action::Cancel {
                        student,
                        booking: taken[n as usize],
                    },
                    _ => Action::SignIn { student },
                };
                (n, action, chance.random_range(0.0..1.2))
            })
            .collect();
        // Two patient rounds tell how long so many take on this machine, now; the others leave before
        // the first statement, after the commit, or anywhere between. Its speed may change meanwhile.
        let round = first / AT_ONCE;
        let patient = round % PATIENT_EVERY < 2;
        if round.is_multiple_of(PATIENT_EVERY) {
            usual = Duration::MAX;
        }
        let all = together(actions.iter().map(|(n, action, share)| {
            let patience = if patient {
                Duration::from_secs(30)
            } else {
                usual.mul_f64(*share)
            };
            ask(&app, *n, action, patience)
        }))
        .await;
        if patient {
            usual = usual.min(begin.elapsed());
        } else {
            hurried += all.len();
            answered += all.into_iter().filter(|one| *one).count();
        }
    }
    // What was begun is brought to its end.
    for _ in 0..3_000 {
        let pool = app.state.engine().db.snapshot();
        if app.state.http().snapshot().in_flight == 0 && pool.idle == pool.size {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.db.wait_for_no_transaction().await;
    whole_pool(&app).await;
    let left = hurried - answered;
    assert!(
        left > hurried / 10 && answered > hurried / 10,
        "{answered} were answered and {left} had left: too few of either to mean anything"
    );
    app.lab().audits_clean().await;
    let half = app
        .db
        .count(
            "select count(*)
             from idempotency_key as answer
             full join (select * from booking where client_key is not null) as booking
                 on booking.student_id = answer.user_id and booking.client_key = answer.key
             where answer.status is distinct from 201
             or answer.body ->> 'id' is distinct from booking.id::text",
        )
        .await;
    assert_eq!(half, 0, "a key without its booking, or the other way round");
    // Nothing that was written since is hidden inside of an open transaction.
    let seen = app
        .db
        .count("select count(*) from booking where client_key is not null")
        .await;
    let mut won = 0;
    for n in 0..2 * POOL as u32 {
        // Free if whoever asked first left in time, or wanted something else.
        let answer = app
            .student(200 + n)
            .book_with_key(free[n as usize], "later")
            .await;
        assert!([201, 409].contains(&answer.status), "{}", answer.text());
        won += i64::from(answer.status == 201);
    }
    let made = app
        .db
        .count("select count(*) from booking where client_key = 'later'")
        .await;
    assert_eq!(made, won, "what is answered is stored");
    assert!(won > 0 && seen > 0, "{won} and {seen} bookings");
    app.lab().audits_clean().await;
    app.finish().await;
}
