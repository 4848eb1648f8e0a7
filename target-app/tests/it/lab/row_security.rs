//! Row-level security: the rows of one person are closed to another, also for a statement that asks
//! for them, and everything else works as without it.

use serde_json::json;
use shared::{
    api::{
        bookings::BookingView,
        lab::{Explanation, ProfileView},
    },
    dataset::{RowKind, id},
    ids::UserId,
    page::Page,
    paths,
    problem::Code,
    row_security::{ENTER, Person},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{NewSlot, TestApp, conflicts, student_id};

/// Runs one statement as that person would; how many rows it returned or changed, or the SQLSTATE.
async fn as_person(app: &TestApp, person: Person, sql: &str) -> Result<u64, String> {
    let mut conn = PgConnection::connect(app.db.url()).await.unwrap();
    let mut open = conn.begin().await.unwrap();
    sqlx::query(ENTER)
        .bind(person.role())
        .bind(person.id().to_string())
        .execute(&mut *open)
        .await
        .unwrap();
    let done = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&mut *open)
        .await;
    let done = match done {
        Ok(done) => {
            open.commit().await.unwrap();
            Ok(done.rows_affected())
        }
        Err(error) => {
            open.rollback().await.unwrap();
            let error = error.into_database_error().unwrap();
            Err(error.code().unwrap().into_owned())
        }
    };
    conn.close().await.unwrap();
    done
}

fn student(n: u32) -> Person {
    Person::Student(student_id(n))
}

#[tokio::test]
async fn a_raw_statement_reads_and_changes_only_its_own_persons_rows() {
    let app = TestApp::with(&["db.rls=on"]).start().await;
    let slot = NewSlot::single().create(&app.db).await;
    app.student(1).book(slot).await.created::<BookingView>();
    app.student(2).book(slot).await.refused(Code::SlotFull);

    let (own, other) = (student_id(1), student_id(2));
    let count = |id: UserId| format!("select count(*) from booking where student_id = '{id}'");
    let bookings = app.db.count(&count(own)).await as u64;
    assert!(bookings > 0 && app.db.count("select count(*) from booking").await as u64 > bookings);
    for everything in [
        "select * from booking",
        "select * from booking where true or seat = 0",
    ] {
        assert_eq!(as_person(&app, student(1), everything).await, Ok(bookings));
    }
    let others = format!("select * from booking where student_id = '{other}'");
    assert_eq!(as_person(&app, student(1), &others).await, Ok(0));

    let mentor = id(RowKind::Mentor, 2);
    let lessons = format!("select count(*) from booking where mentor_id = '{mentor}'");
    let lessons = app.db.count(&lessons).await as u64;
    let mentor = Person::Mentor(app.mentor(2).id);
    let seen = as_person(&app, mentor, "select * from booking").await;
    assert!(lessons > 0 && seen == Ok(lessons), "{seen:?}");

    // The refusal of student 2 is theirs.
    let conflict = "select * from booking_conflict";
    assert_eq!(as_person(&app, student(1), conflict).await, Ok(0));
    assert_eq!(as_person(&app, student(2), conflict).await, Ok(1));
    for change in [
        "update booking_conflict set reason = 'x'",
        "delete from booking_conflict",
    ] {
        assert_eq!(as_person(&app, student(1), change).await, Ok(0), "{change}");
    }
    let insert = |id: UserId| {
        format!(
            "insert into booking_conflict (slot_id, student_id, reason) values ('{slot}', '{id}', 'x')"
        )
    };
    let not_permitted = Err("42501".to_owned());
    assert_eq!(
        as_person(&app, student(1), &insert(other)).await,
        not_permitted
    );
    assert_eq!(as_person(&app, student(1), &insert(own)).await, Ok(1));
    let given_away = format!("update booking_conflict set student_id = '{other}'");
    assert_eq!(
        as_person(&app, student(1), &given_away).await,
        not_permitted
    );
    // What no statement of a person needs is not granted at all.
    for sql in [
        "update booking set seat = seat",
        "select * from credential",
        "select * from payment",
    ] {
        assert_eq!(
            as_person(&app, student(1), sql).await,
            not_permitted,
            "{sql}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_connection_brings_no_person_to_the_next_transaction() {
    let app = TestApp::with(&["db.rls=on", "pool.max=1"]).start().await;
    let anybody: Page<BookingView> = app.student(1).bookings("").await.ok();
    assert!(
        anybody
            .items
            .iter()
            .all(|one| one.student_id == student_id(1))
    );
    let engine = app.state.engine();
    let (role, seen): (String, i64) =
        sqlx::query_as("select current_user::text, (select count(*) from booking)")
            .fetch_one(engine.db.pool())
            .await
            .unwrap();
    assert!(!role.starts_with("codeconnect_"), "{role}");
    assert_eq!(seen, app.db.count("select count(*) from booking").await);
    // In the role and without a user, on a connection that had one.
    let mut conn = engine.db.pool().acquire().await.unwrap();
    let mut open = conn.begin().await.unwrap();
    sqlx::raw_sql("set local role codeconnect_student")
        .execute(&mut *open)
        .await
        .unwrap();
    let without_user: i64 = sqlx::query_scalar("select count(*) from booking")
        .fetch_one(&mut *open)
        .await
        .unwrap();
    assert_eq!(without_user, 0);
    open.rollback().await.unwrap();
    drop(conn);
    drop(engine);
    app.finish().await;
}

#[tokio::test]
async fn requests_work_and_answer_the_same_under_it() {
    for checkout in ["per_query", "per_request"] {
        let checkout = format!("pool.checkout={checkout}");
        let app = TestApp::with(&["cache.bookings=off", "cache.users=off", &checkout])
            .start()
            .await;
        let (one, other, mentor) = (app.student(1), app.student(2), app.mentor(2));
        let slot = NewSlot::single().of_mentor(2).create(&app.db).await;
        let booking: BookingView = one.book(slot).await.created();
        let path = paths::with_id(paths::BOOKING, booking.id);
        let ask = async || {
            let mut answers = Vec::new();
            for person in [&one, &other, &mentor] {
                answers.push(person.bookings("").await.text());
                answers.push(person.bookings("page=2&per_page=1").await.text());
                answers.push(person.get(&path).await.status.to_string());
            }
            answers
        };
        let without = ask().await;
        for value in ["on", "on_unindexed"] {
            let indexed = if value == "on" { "on" } else { "off" };
            let view: ProfileView = app
                .lab()
                .put_profile(json!({
                    "db.rls": value, "index.bookings_student": indexed, "index.bookings_mentor": indexed,
                }))
                .await
                .ok();
            assert_eq!(view.differences, Vec::<String>::new());
            assert_eq!(view.in_force["db.rls"], value);
            assert_eq!(ask().await, without, "{value}");
            other.book(slot).await.refused(Code::SlotFull);
            assert!(
                conflicts(&app.db, slot)
                    .await
                    .iter()
                    .all(|(who, _)| *who == other.id)
            );
            app.lab().audits_clean().await;
        }
        assert_eq!(conflicts(&app.db, slot).await.len(), 2);
        app.finish().await;
    }
}

/// Names of the nodes and indexes of the plan of a student's list.
async fn plan(app: &TestApp) -> String {
    let found: Explanation = app.lab().explain("bookings.mine").await.ok();
    found.statements[0].plan.to_string()
}

#[tokio::test]
async fn without_an_index_the_policy_reads_the_whole_table_and_with_it_an_index() {
    let indexes = ["student", "mentor", "scheduled", "changed"];
    let settings = indexes.map(|name| format!("index.bookings_{name}=off"));
    for (value, index_is_read) in [("on", true), ("on_unindexed", false)] {
        let rls = format!("db.rls={value}");
        let mut switches: Vec<&str> = settings.iter().map(String::as_str).collect();
        switches.push(&rls);
        let app = TestApp::with(&switches)
            // Tiny tables are cheap to scan; the question is whether an index can serve.
            .after_sql("alter database DATABASE set enable_seqscan = off")
            .start()
            .await;
        let plan = plan(&app).await;
        // The policy itself is in the plan, not only the statement's own condition.
        assert!(plan.contains("InitPlan"), "{plan}");
        let index = plan.contains("booking_student_policy_idx");
        assert_eq!(index, index_is_read, "{value}: {plan}");
        assert_eq!(plan.contains("Seq Scan"), !index_is_read, "{value}: {plan}");
        app.finish().await;
    }
}

#[tokio::test]
async fn an_index_that_would_serve_all_the_same_is_refused_and_one_that_is_missing_shows() {
    let app = TestApp::with(&["db.rls=on"]).start().await;
    let lab = app.lab();
    let refused = lab.put_profile(json!({"db.rls": "on_unindexed"})).await;
    let problem = refused.refused(Code::ProfileRefused);
    assert!(
        problem.detail.contains("index.bookings_student=off"),
        "{}",
        problem.detail
    );
    for (broken, repaired) in [
        (
            "alter table booking_conflict disable row level security",
            "alter table booking_conflict enable row level security",
        ),
        (
            "drop policy booking_of_mentor on booking",
            "create policy booking_of_mentor on booking for select to codeconnect_mentor using (false)",
        ),
        (
            "drop index booking_conflict_student_policy_idx",
            "create index booking_conflict_student_policy_idx on booking_conflict (student_id)",
        ),
    ] {
        app.db.execute(broken).await;
        let view = app.lab().profile().await;
        assert_eq!(view.in_force["db.rls"], "partial", "{broken}");
        assert_eq!(view.differences, ["db.rls"]);
        app.db.execute(repaired).await;
        assert_eq!(app.lab().profile().await.differences, Vec::<String>::new());
    }
    app.finish().await;
}
