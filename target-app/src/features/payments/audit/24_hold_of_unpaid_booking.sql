-- Every hold is of a confirmed booking that has to be paid and is not.
select
    booking_hold.booking_id,
    booking.status,
    booking.payment_required,
    paid.payments
from booking_hold
join booking on booking.id = booking_hold.booking_id
left join (
    select booking_id, count(*) as payments
    from payment
    where settled_at is not null
    group by booking_id
) as paid on paid.booking_id = booking.id
where booking.status <> 'confirmed'
or not booking.payment_required
or paid.payments > 0
