-- The recording of a session is of the same booking and part, and as long as the session was.
select
    r.id as recording_id,
    r.session_id,
    r.booking_id,
    r.part,
    r.duration_seconds
from recording r
join class_session s on s.id = r.session_id
where r.booking_id <> s.booking_id
    or r.part <> s.part
    or r.recorded_at <> s.started_at
    or abs(r.duration_seconds - extract(epoch from s.ended_at - s.started_at)) > 1
