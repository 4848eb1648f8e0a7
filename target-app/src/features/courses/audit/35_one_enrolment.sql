-- No student is enrolled twice in a course.
select
    student_id,
    course_id,
    count(*) as enrolments
from enrolment
group by student_id, course_id
having count(*) > 1
