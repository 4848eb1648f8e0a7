insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at)
select gen_random_uuid(), id, 2, student_id, now(), now() + interval '1 hour' from booking where id = 'BOOKING';
