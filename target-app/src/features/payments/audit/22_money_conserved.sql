-- What was taken for a booking and not given back, refunds under way aside, is its price while it is paid and nothing otherwise.
select
    booking.id as booking_id,
    booking.status,
    booking.price_cents,
    money.kept
from booking
join (
    select booking_id, coalesce(sum(captured_cents - refunded_cents) filter (where status <> 'refunding'), 0) as kept
    from payment
    group by booking_id
) as money on money.booking_id = booking.id
left join booking_hold on booking_hold.booking_id = booking.id
where money.kept <> case
    when booking.status = 'cancelled' or booking_hold.booking_id is not null then 0
    else booking.price_cents
end
-- a lesson that has begun stays in the calendar when its price is refunded
and not (money.kept = 0 and booking.scheduled_at <= now())
