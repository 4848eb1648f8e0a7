-- Every mark of attendance is of a booking that was not cancelled.
select
    attendance.booking_id,
    attendance.status,
    booking.cancelled_at
from attendance
join booking on booking.id = attendance.booking_id
where booking.status = 'cancelled'
