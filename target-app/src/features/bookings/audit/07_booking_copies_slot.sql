-- Every booking has the mentor, the times and the price of its slot.
select
    booking.id as booking_id,
    slot.id as slot_id
from booking
join slot on slot.id = booking.slot_id
where booking.mentor_id <> slot.mentor_id
or booking.scheduled_at <> slot.starts_at
or booking.ends_at <> slot.ends_at
or booking.price_cents <> slot.price_cents
