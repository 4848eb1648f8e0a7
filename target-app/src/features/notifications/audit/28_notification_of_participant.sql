-- Every notification is for the student or the mentor of its booking.
select
    n.id as notification_id,
    n.user_id,
    n.booking_id
from notification n
join booking b on b.id = n.booking_id
join mentor m on m.id = b.mentor_id
where n.user_id not in (b.student_id, m.user_id)
