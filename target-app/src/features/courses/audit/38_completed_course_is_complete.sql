-- Every completed course has all lessons completed, a passed quiz and a submission.
select
    enrolment.id as enrolment_id,
    enrolment.completed_at,
    enrolment.lessons_completed,
    course.lessons,
    enrolment.quiz_best,
    course.questions,
    coalesce(handed_in.submissions, 0) as submissions
from enrolment
join course on course.id = enrolment.course_id
left join (
    select enrolment_id, count(*) as submissions
    from submission
    group by enrolment_id
) as handed_in on handed_in.enrolment_id = enrolment.id
where enrolment.completed_at is not null
and (
    enrolment.lessons_completed < course.lessons
    or coalesce(enrolment.quiz_best, 0) * 10 < course.questions * 7
    or coalesce(handed_in.submissions, 0) = 0
)
