//! One student at two overlapping lessons in the same instant: one of them.

use chrono::TimeDelta;
use shared::problem::Code;

use crate::support::{NewSlot, TestApp, all_strategies, together};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_student_gets_one_of_two_overlapping_lessons() {
    for strategy in all_strategies() {
        let app = TestApp::with(&[&format!("bookings.strategy={strategy}")])
            .start()
            .await;
        for n in 0..15 {
            let student = app.student(n);
            let one = NewSlot::single().of_mentor(1);
            let other = NewSlot::single()
                .of_mentor(2)
                .starting(one.starts_at() + TimeDelta::minutes(30));
            let slots = [one.create(&app.db).await, other.create(&app.db).await];
            let answers = together(slots.map(|slot| student.book(slot))).await;
            let won = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(won, 1, "{strategy}");
            let lost = answers.iter().find(|answer| answer.status != 201).unwrap();
            lost.refused(Code::StudentBusy);
        }
        app.lab().audits_clean().await;
        app.finish().await;
    }
}
