-- Every idempotency key that was answered with a booking has that booking, its user's own, for itself alone.
select
    answer.user_id,
    answer.key,
    answer.booking_id,
    answer.keys,
    booking.student_id
from (
    select
        user_id,
        key,
        body ->> 'id' as booking_id,
        count(*) over (partition by body ->> 'id') as keys
    from idempotency_key
    -- responses of other operations stand here as well
    where status = 201 and body ? 'slot_id'
) as answer
left join booking on booking.id::text = answer.booking_id
where answer.keys > 1
or booking.student_id is distinct from answer.user_id
