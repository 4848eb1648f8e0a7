-- Every slot counts exactly its active bookings.
select
    slot.id as slot_id,
    slot.booked,
    coalesce(taken.places, 0) as active
from slot
left join (
    select slot_id, count(*) as places
    from booking
    where status in ('confirmed', 'completed')
    group by slot_id
) as taken on taken.slot_id = slot.id
where slot.booked <> coalesce(taken.places, 0)
