-- Every review is about a lesson of its writer with its mentor that was not cancelled.
select
    review.id as review_id,
    review.booking_id,
    booking.status
from review
join booking on booking.id = review.booking_id
where booking.student_id <> review.student_id
or booking.mentor_id <> review.mentor_id
or booking.status = 'cancelled'
