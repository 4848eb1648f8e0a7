//! Quiz attempts: scored by the server, bounded, the best one counts.

use serde_json::json;
use shared::{
    api::courses::{MAX_QUIZ_ATTEMPTS, QuizResult},
    dataset::QUIZ_QUESTIONS,
    paths::{self, with_id},
    problem::Code,
};

use super::step::{attempt, course, enrol, progress};
use crate::support::{TestApp, together};

#[tokio::test]
async fn the_server_scores_and_the_best_attempt_counts() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 4).await;
    for (number, right) in (1..).zip([1, 4, 0]) {
        let result: QuizResult = attempt(&student, 4, right).await.created();
        assert_eq!((result.attempt, result.score), (number, right as i32));
        assert_eq!(result.passed, right == 4);
        assert_eq!(result.attempts_left, MAX_QUIZ_ATTEMPTS - number);
    }
    assert_eq!(progress(&student, 4).await.quiz_best, Some(4));
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn attempts_are_bounded_also_when_they_come_at_once() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let answers = together((0..16).map(|_| attempt(&student, 0, 2))).await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(taken, MAX_QUIZ_ATTEMPTS as usize);
    attempt(&student, 0, 5).await.refused(Code::AttemptsUsed);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn an_attempt_has_one_answer_for_each_question() {
    let app = TestApp::start().await;
    let student = app.student(1);
    enrol(&student, 0).await;
    let path = with_id(paths::COURSE_QUIZ, course(0));
    let right = QUIZ_QUESTIONS as usize;
    for answers in [
        vec![],
        vec![1_i16; right - 1],
        vec![1; right + 1],
        vec![1; 5_000],
        vec![100; right],
        vec![-1; right],
    ] {
        let answer = student.post(&path, &json!({ "answers": answers })).await;
        answer.refused(Code::InvalidRequest);
    }
    assert_eq!(progress(&student, 0).await.quiz_best, None);
    app.finish().await;
}
