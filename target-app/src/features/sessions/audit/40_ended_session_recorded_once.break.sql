insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at, ended_at)
select gen_random_uuid(), id, 1, student_id, now() - interval '1 hour', now(), now() from booking where id = 'BOOKING';
