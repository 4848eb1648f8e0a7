update attendance set marked_by = booking.student_id
from booking
where booking.id = attendance.booking_id;
