-- Every acknowledged booking exists, is its student's own, and has the slot and the status of its last acknowledgement, unless its hold was released unpaid.
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
    -- the slot that it was moved to has an entry of its own
    or (booking.slot_id <> ledger.slot and ledger.outcome not in ('moved', 'move_in_doubt'))
    or (
        ledger.outcome in ('booked', 'move_in_doubt')
        and booking.status <> 'confirmed'
        and not (booking.payment_required and booking.released_at is not null)
    )
    or (ledger.outcome = 'cancelled' and booking.status <> 'cancelled')
)
