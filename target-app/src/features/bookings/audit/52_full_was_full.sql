-- A slot of which a client was told that it is full has given all of its places; slots that were cancelled in, or are in doubt, are left out.
with asked as (
    select
        promise.slot,
        bool_or(promise.told = 'full') as full_told,
        bool_or(promise.told in ('in_doubt', 'cancelled', 'cancel_in_doubt')) as unclear
    from jsonb_to_recordset($1::jsonb -> 'bookings')
        as promise (student uuid, slot uuid, booking uuid, told text)
    group by promise.slot
),
taken as (
    select slot_id, count(*) as places
    from booking
    where status <> 'cancelled'
    group by slot_id
)
select
    slot.id as slot_id,
    slot.capacity,
    coalesce(taken.places, 0) as given
from asked
join slot on slot.id = asked.slot
left join taken on taken.slot_id = slot.id
where asked.full_told
and not asked.unclear
and coalesce(taken.places, 0) < slot.capacity
and ($1::jsonb ->> 'omitted')::bigint = 0
