-- Every booking that a client was told of is there, its student's own, and stands as the client was told.
select
    promise.booking as booking_id,
    promise.student as student_id,
    promise.slot as slot_id,
    promise.told,
    coalesce(booking.status, 'lost') as found
from jsonb_to_recordset($1::jsonb -> 'bookings')
    as promise (student uuid, slot uuid, booking uuid, told text)
left join booking on booking.id = promise.booking
where promise.booking is not null
and (
    booking.id is null
    or booking.student_id <> promise.student
    or booking.slot_id <> promise.slot
    or (promise.told = 'booked' and booking.status <> 'confirmed')
    or (promise.told = 'cancelled' and booking.status <> 'cancelled')
)
