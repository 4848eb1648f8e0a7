-- Every booking has the mentor, the times and the price of its slot.
select
    booking.id as booking_id,
    slot.id as slot_id
from booking
join slot on slot.id = booking.slot_id
where (booking.mentor_id, booking.scheduled_at, booking.ends_at, booking.price_cents)
    is distinct from (slot.mentor_id, slot.starts_at, slot.ends_at, slot.price_cents)
