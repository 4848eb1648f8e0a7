-- Every mark of attendance was made after the begin of its lesson.
select
    attendance.booking_id,
    attendance.marked_at,
    booking.scheduled_at
from attendance
join booking on booking.id = attendance.booking_id
where attendance.marked_at < booking.scheduled_at
