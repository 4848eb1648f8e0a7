-- No booking was made that no client was told of, beyond those that are in doubt: a phantom, or one made twice.
with promise as (
    select promise.student, promise.slot, promise.booking, promise.told
    from jsonb_to_recordset($1::jsonb -> 'bookings')
        as promise (student uuid, slot uuid, booking uuid, told text)
),
doubt as (
    select student, slot, count(*) as attempts
    from promise
    where told = 'in_doubt'
    group by student, slot
),
untold as (
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
    left join promise on promise.booking = booking.id
    where promise.booking is null
    and booking.created_at > (select seeded_at from dataset)
)
select
    untold.booking_id,
    untold.student_id,
    untold.slot_id,
    untold.status,
    untold.created_at
from untold
left join doubt on doubt.student = untold.student_id and doubt.slot = untold.slot_id
where untold.nth > coalesce(doubt.attempts, 0)
and ($1::jsonb ->> 'omitted')::bigint = 0
