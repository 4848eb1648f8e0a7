-- Every acknowledged booking exists, is its student's own, and has the status of its last acknowledgement, or was released unpaid.
with released as (
    select distinct notification.booking_id
    from notification
    join booking on booking.id = notification.booking_id
    where notification.kind = 'booking_released'
    and booking.payment_required
    and not exists (
        select 1 from payment where payment.booking_id = booking.id and payment.settled_at is not null
    )
)
select
    ledger.booking as booking_id,
    ledger.student as student_id,
    ledger.slot as slot_id,
    ledger.outcome,
    coalesce(booking.status, 'lost') as found
from jsonb_to_recordset($1::jsonb -> 'bookings')
    as ledger (student uuid, slot uuid, booking uuid, outcome text)
left join booking on booking.id = ledger.booking
left join released on released.booking_id = ledger.booking
where ledger.booking is not null
and (
    booking.id is null
    or booking.student_id <> ledger.student
    or booking.slot_id <> ledger.slot
    or (
        ledger.outcome = 'booked'
        and booking.status <> 'confirmed'
        and not (booking.status = 'cancelled' and released.booking_id is not null)
    )
    or (ledger.outcome = 'cancelled' and booking.status <> 'cancelled')
)
