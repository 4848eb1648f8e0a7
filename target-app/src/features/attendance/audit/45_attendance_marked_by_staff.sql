-- Every mark of attendance was made by the mentor of the lesson or by an administrator.
select
    attendance.booking_id,
    attendance.marked_by,
    mentor.user_id as mentor_user_id
from attendance
join booking on booking.id = attendance.booking_id
join mentor on mentor.id = booking.mentor_id
join app_user on app_user.id = attendance.marked_by
where attendance.marked_by <> mentor.user_id
and app_user.role <> 'admin'
