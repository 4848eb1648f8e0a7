-- claim: no place of a slot is held twice, whatever the application does
-- query: features::bookings::reserve (every strategy; unique_index relies on it alone)
-- cost: one entry an active booking; it also serves look-ups of a slot's active bookings
-- experiment: experiments/booking_strategy.yaml
create unique index if not exists booking_slot_id_seat_active_key
    on booking (slot_id, seat)
    where status in ('confirmed', 'completed');
-- the guard serves the look-ups itself
drop index if exists booking_slot_id_active_idx;
