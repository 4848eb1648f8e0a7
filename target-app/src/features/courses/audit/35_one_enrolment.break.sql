alter table enrolment drop constraint enrolment_student_id_course_id_key;
insert into enrolment (id, course_id, student_id, enrolled_at)
select gen_random_uuid(), course_id, student_id, enrolled_at from enrolment where lessons_completed > 0;
