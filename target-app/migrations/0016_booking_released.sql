-- What the audit needs to tell a place that was given back for want of a payment from a booking that was lost.

alter table booking
    -- when its hold was released unpaid, which cancels it; null where somebody cancelled it
    add column released_at timestamptz,
    add constraint booking_released_at_check check (released_at is null or status = 'cancelled');
