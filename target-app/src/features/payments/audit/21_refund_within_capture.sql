-- No payment gave back more than it took, or took anything but the price of its booking.
select
    payment.id as payment_id,
    payment.status,
    payment.amount_cents,
    payment.captured_cents,
    payment.refunded_cents,
    booking.price_cents
from payment
join booking on booking.id = payment.booking_id
where payment.refunded_cents > payment.captured_cents
or payment.captured_cents not in (0, payment.amount_cents)
or payment.amount_cents <> booking.price_cents
