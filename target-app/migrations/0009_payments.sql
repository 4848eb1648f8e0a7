-- Payments of bookings: where the switch bookings.payment asks for it, a booking is a hold until it is paid.

alter table booking
    -- whether the place had to be paid when it was booked
    add column payment_required boolean not null default false;

-- Live holds only: the row goes when the booking is paid, cancelled or released, so that the worker
-- that releases them reads a small table.
create table booking_hold (
    booking_id uuid        primary key references booking (id),
    expires_at timestamptz not null
);

create table payment (
    id             uuid        primary key,
    booking_id     uuid        not null references booking (id),
    student_id     uuid        not null references app_user (id),
    -- the price of the booking when the payment was made
    amount_cents   bigint      not null constraint payment_amount_cents_check check (amount_cents > 0),
    status         text        not null constraint payment_status_check check (status in ('created', 'processing', 'failed', 'captured', 'refunding', 'refunded')),
    captured_cents bigint      not null default 0,
    refunded_cents bigint      not null default 0,
    -- the provider's name for it; none until the provider has answered once
    reference      text        constraint payment_reference_key unique,
    -- when its capture paid the booking; none for a capture that came too late
    settled_at     timestamptz,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    -- the whole amount or nothing, in both directions
    constraint payment_captured_cents_check check (captured_cents in (0, amount_cents)),
    constraint payment_refunded_cents_check check (refunded_cents in (0, captured_cents)),
    constraint payment_captured_status_check check ((status in ('captured', 'refunding', 'refunded')) = (captured_cents > 0)),
    constraint payment_refunded_status_check check ((status = 'refunded') = (refunded_cents > 0))
);

-- one payment at a time: another one may be made after a failure
create unique index payment_booking_id_live_key
    on payment (booking_id)
    where status in ('created', 'processing', 'captured');

-- Every event of the provider once; it is the record of the money and is never purged.
create table payment_event (
    -- the provider's id: the same at every delivery
    id          text        primary key constraint payment_event_id_check check (length(id) between 1 and 100),
    payment_id  uuid        not null references payment (id),
    kind        text        not null constraint payment_event_kind_check check (kind in ('processing', 'failed', 'captured', 'refunded')),
    outcome     text        not null constraint payment_event_outcome_check check (outcome in ('applied', 'late', 'mismatch')),
    received_at timestamptz not null
);

-- Refunds that the provider has not confirmed; the row goes with its event.
create table payment_refund (
    payment_id uuid        primary key references payment (id),
    -- calls so far
    attempts   integer     not null default 0,
    -- when the provider is asked next
    due_at     timestamptz not null
);
