insert into quiz_attempt (enrolment_id, number, answers, score, taken_at)
select id, 1, '{9,9,9,9,9}', 5, now() from enrolment where lessons_completed > 0;
update enrolment set quiz_best = 5 where lessons_completed > 0;
