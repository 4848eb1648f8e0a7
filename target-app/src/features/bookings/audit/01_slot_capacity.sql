-- No slot has more active bookings than places.
select
    slot.id as slot_id,
    slot.capacity,
    taken.places as active
from slot
join (
    select slot_id, count(*) as places
    from booking
    where status in ('confirmed', 'completed')
    group by slot_id
) as taken on taken.slot_id = slot.id
where taken.places > slot.capacity
