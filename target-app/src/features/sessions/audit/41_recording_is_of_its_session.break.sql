with session as (
    insert into class_session (id, booking_id, part, initiated_by, started_at, expires_at, ended_at)
    select gen_random_uuid(), id, 1, student_id, now() - interval '1 hour', now(), now() from booking where id = 'BOOKING'
    returning *
)
insert into recording (id, booking_id, session_id, part, title, duration_seconds, media_key, size_bytes, recorded_at)
select gen_random_uuid(), other.id, session.id, session.part, 'of another lesson', 3600, 'class-00', 1, session.started_at
from session, booking other where other.slot_id = 'OTHER';
