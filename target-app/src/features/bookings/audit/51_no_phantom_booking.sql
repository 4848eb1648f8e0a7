-- No booking was made that no client had acknowledged, beyond those in doubt: a phantom, or one made twice.
with ledger as (
    select ledger.student, ledger.slot, ledger.booking, ledger.outcome
    from jsonb_to_recordset($1::jsonb -> 'bookings')
        as ledger (student uuid, slot uuid, booking uuid, outcome text)
),
doubt as (
    select student, slot, count(*) as attempts
    from ledger
    where outcome = 'in_doubt'
    group by student, slot
),
unknown as (
    select
        booking.id as booking_id,
        booking.student_id,
        booking.slot_id,
        booking.status,
        booking.created_at,
        row_number() over (
            partition by booking.student_id, booking.slot_id
            order by booking.created_at, booking.id
        ) as nth
    from booking
    left join ledger on ledger.booking = booking.id
    where ledger.booking is null
    and booking.created_at > (select seeded_at from dataset)
)
select
    unknown.booking_id,
    unknown.student_id,
    unknown.slot_id,
    unknown.status,
    unknown.created_at
from unknown
left join doubt on doubt.student = unknown.student_id and doubt.slot = unknown.slot_id
where unknown.nth > coalesce(doubt.attempts, 0)
and ($1::jsonb ->> 'omitted')::bigint = 0
