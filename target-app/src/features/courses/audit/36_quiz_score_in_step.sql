-- The score of every quiz attempt is the number of its right answers, and an enrolment has the best of them.
with scored as (
    select
        quiz_attempt.enrolment_id,
        quiz_attempt.number,
        quiz_attempt.score,
        count(*) filter (where quiz_attempt.answers[quiz_question.number] = quiz_question.answer) as right_answers
    from quiz_attempt
    join enrolment on enrolment.id = quiz_attempt.enrolment_id
    join quiz_question on quiz_question.course_id = enrolment.course_id
    group by quiz_attempt.enrolment_id, quiz_attempt.number, quiz_attempt.score
),
best as (
    select
        enrolment_id,
        max(score) as score,
        count(*) filter (where score <> right_answers) as wrong_scores,
        max(number) - count(*) as missing_attempts
    from scored
    group by enrolment_id
)
select
    enrolment.id as enrolment_id,
    enrolment.quiz_best,
    best.score as best_score,
    best.wrong_scores,
    best.missing_attempts
from enrolment
left join best on best.enrolment_id = enrolment.id
where enrolment.quiz_best is distinct from best.score
or best.wrong_scores > 0
or best.missing_attempts > 0
