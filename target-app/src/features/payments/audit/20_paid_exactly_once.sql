-- Every active booking that had to be paid and is no hold any more was paid by exactly one payment, of its price.
select
    booking.id as booking_id,
    booking.price_cents,
    coalesce(paid.payments, 0) as payments,
    coalesce(paid.cents, 0) as cents
from booking
left join booking_hold on booking_hold.booking_id = booking.id
left join (
    select booking_id, count(*) as payments, sum(captured_cents) as cents
    from payment
    where settled_at is not null
    group by booking_id
) as paid on paid.booking_id = booking.id
where booking.payment_required
and booking.status in ('confirmed', 'completed')
and booking_hold.booking_id is null
and (coalesce(paid.payments, 0) <> 1 or paid.cents <> booking.price_cents)
