-- Every active booking holds a place that its slot has.
select
    booking.id as booking_id,
    booking.seat,
    slot.capacity
from booking
join slot on slot.id = booking.slot_id
where booking.status in ('confirmed', 'completed')
and booking.seat >= slot.capacity
