-- Every slot that was reported full has given all of its places, those of holds released since among them; slots with cancellations, with bookings that were moved away or with writes in doubt are left out.
with asked as (
    select
        ledger.slot,
        bool_or(ledger.outcome = 'full') as reported_full,
        bool_or(
            ledger.outcome in ('in_doubt', 'cancelled', 'cancel_in_doubt', 'moved', 'move_in_doubt')
        ) as unclear
    from jsonb_to_recordset($1::jsonb -> 'bookings')
        as ledger (student uuid, slot uuid, booking uuid, outcome text)
    group by ledger.slot
),
taken as (
    select slot_id, count(*) as places
    from booking
    where status <> 'cancelled' or released_at is not null
    group by slot_id
)
select
    slot.id as slot_id,
    slot.capacity,
    coalesce(taken.places, 0) as given
from asked
join slot on slot.id = asked.slot
left join taken on taken.slot_id = slot.id
where asked.reported_full
and not asked.unclear
and coalesce(taken.places, 0) < slot.capacity
and ($1::jsonb ->> 'omitted')::bigint = 0
