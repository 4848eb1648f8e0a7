-- Every capture and every refund of a payment was the effect of exactly one event.
select
    payment.id as payment_id,
    payment.status,
    coalesce(events.captures, 0) as captures,
    coalesce(events.refunds, 0) as refunds
from payment
left join (
    select
        payment_id,
        count(*) filter (where kind = 'captured') as captures,
        count(*) filter (where kind = 'refunded') as refunds
    from payment_event
    where outcome = 'applied'
    group by payment_id
) as events on events.payment_id = payment.id
where coalesce(events.captures, 0) <> (payment.captured_cents > 0)::integer
or coalesce(events.refunds, 0) <> (payment.refunded_cents > 0)::integer
