drop index class_session_booking_id_live_key;
insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at)
select gen_random_uuid(), id, part, student_id, now(), now() + interval '1 hour'
from booking, generate_series(1, 2) part where id = 'BOOKING';
