-- Every session was initiated by the student or the mentor of its booking.
select
    s.id as session_id,
    s.booking_id,
    s.initiated_by
from class_session s
join booking b on b.id = s.booking_id
join mentor m on m.id = b.mentor_id
where s.initiated_by not in (b.student_id, m.user_id)
