-- The queue of refunds has exactly the payments that are being refunded.
select
    coalesce(payment.id, payment_refund.payment_id) as payment_id,
    payment.status,
    payment_refund.attempts
from payment
full join payment_refund on payment_refund.payment_id = payment.id
where (payment_refund.payment_id is not null) <> coalesce(payment.status = 'refunding', false)
