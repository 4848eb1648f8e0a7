-- The progress of every enrolment is the number of its completed lessons, all of them of its course.
select
    enrolment.id as enrolment_id,
    enrolment.lessons_completed,
    course.lessons,
    coalesce(done.lessons, 0) as completions,
    coalesce(done.foreign_lessons, 0) as lessons_of_other_courses
from enrolment
join course on course.id = enrolment.course_id
left join (
    select
        lesson_completion.enrolment_id,
        count(*) as lessons,
        count(*) filter (where lesson.course_id <> owner.course_id) as foreign_lessons
    from lesson_completion
    join lesson on lesson.id = lesson_completion.lesson_id
    join enrolment as owner on owner.id = lesson_completion.enrolment_id
    group by lesson_completion.enrolment_id
) as done on done.enrolment_id = enrolment.id
where enrolment.lessons_completed <> coalesce(done.lessons, 0)
or enrolment.lessons_completed > course.lessons
or coalesce(done.foreign_lessons, 0) > 0
