-- What the audit needs to see that one request of a client had two effects.

alter table booking
    -- the idempotency key that the request came with, kept also where keys have no effect;
    -- not unique: that it is had once is what the switch bookings.idempotency is there for
    add column client_key text constraint booking_client_key_check check (length(client_key) between 1 and 255);
