//! Tables that requests only add to lose the rows whose time is over, and no others.

use std::time::Duration;

use crate::support::{TestApp, student_id};

/// Rows of each table that are over, more than one batch, and the one that stays.
fn rows() -> [(&'static str, String); 5] {
    let student = student_id(1);
    [
        (
            "refresh_token",
            format!(
                "insert into refresh_token (digest, family, user_id, expires_at, used_at)
                 select sha256(n::text::bytea), gen_random_uuid(), '{student}',
                        case n when 0 then now() else now() - interval '25 hours' end, now()
                 from generate_series(0, 2500) n"
            ),
        ),
        (
            "sign_in_attempt",
            "insert into sign_in_attempt (address, attempts, tried_at)
             select sha256(n::text::bytea), 1,
                    case n when 0 then now() else now() - interval '25 hours' end
             from generate_series(0, 2500) n"
                .to_owned(),
        ),
        (
            "idempotency_key",
            format!(
                "insert into idempotency_key (user_id, key, digest, status, body, created_at)
                 select '{student}', n::text, 'x', 201, 'null',
                        case n when 0 then now() else now() - interval '8 days' end
                 from generate_series(0, 2500) n"
            ),
        ),
        (
            "booking_conflict",
            format!(
                "insert into booking_conflict (slot_id, student_id, reason, occurred_at)
                 select gen_random_uuid(), '{student}', 'slot_full',
                        case n when 0 then now() else now() - interval '91 days' end
                 from generate_series(0, 2500) n"
            ),
        ),
        (
            "notification",
            format!(
                "insert into notification (id, user_id, kind, booking_id, created_at, read_at)
                 select gen_random_uuid(), '{student}', 'booking_moved', b.id,
                        now() - case when n % 2 = 1 then interval '366 days' else interval '40 days' end,
                        case when n > 0 and n % 2 = 0 then now() - interval '31 days' end
                 from (select id from booking limit 1) b, generate_series(0, 2500) n"
            ),
        ),
    ]
}

#[tokio::test]
async fn rows_whose_time_is_over_go_and_the_others_stay() {
    let mut setup = TestApp::with(&[]).with_purge_every(Duration::from_millis(100));
    for (table, fill) in rows() {
        setup = setup
            .after_sql(&format!("delete from {table}"))
            .after_sql(&fill);
    }
    let app = setup.start().await;
    for (table, _) in rows() {
        let count = format!("select count(*) from {table}");
        let mut left = 0;
        for _ in 0..300 {
            left = app.db.count(&count).await;
            if left == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(left, 1, "{table}");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (table, _) in rows() {
        let count = format!("select count(*) from {table}");
        assert_eq!(app.db.count(&count).await, 1, "{table}");
    }
    app.finish().await;
}
