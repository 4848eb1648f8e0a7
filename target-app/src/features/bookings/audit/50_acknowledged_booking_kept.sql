-- Every acknowledged booking exists, is its student's own, and has the status of its last acknowledgement, unless its hold was released unpaid.
select
    ledger.booking as booking_id,
    ledger.student as student_id,
    ledger.slot as slot_id,
    ledger.outcome,
    coalesce(booking.status, 'lost') as found
from jsonb_to_recordset($1::jsonb -> 'bookings')
    as ledger (student uuid, slot uuid, booking uuid, outcome text)
left join booking on booking.id = ledger.booking
where ledger.booking is not null
and (
    booking.id is null
    or booking.student_id <> ledger.student
    or booking.slot_id <> ledger.slot
    or (
        ledger.outcome = 'booked'
        and booking.status <> 'confirmed'
        and not (booking.payment_required and booking.released_at is not null)
    )
    or (ledger.outcome = 'cancelled' and booking.status <> 'cancelled')
)
