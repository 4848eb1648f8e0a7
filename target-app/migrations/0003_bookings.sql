-- Slots of a mentor's time, and who has a place in them.

create table slot (
    id          uuid        primary key,
    mentor_id   uuid        not null references mentor (id),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    -- 1 for a single lesson, more for a group
    capacity    integer     not null constraint slot_capacity_check check (capacity between 1 and 100),
    -- places taken, kept in step by every booking and cancellation
    booked      integer     not null default 0 constraint slot_booked_check check (booked >= 0),
    price_cents bigint      not null constraint slot_price_cents_check check (price_cents >= 0),
    constraint slot_span_check check (ends_at > starts_at),
    -- a mentor cannot begin two lessons at once
    constraint slot_mentor_id_starts_at_key unique (mentor_id, starts_at)
);

create table booking (
    id           uuid        primary key,
    slot_id      uuid        not null references slot (id),
    -- mentor and times are the slot's, copied so that lists read one table
    mentor_id    uuid        not null references mentor (id),
    student_id   uuid        not null references app_user (id),
    scheduled_at timestamptz not null,
    ends_at      timestamptz not null,
    -- which place of the slot: 0 to capacity - 1; see guards/booking_slot_seat
    seat         integer     not null constraint booking_seat_check check (seat >= 0),
    status       text        not null constraint booking_status_check check (status in ('confirmed', 'cancelled', 'completed')),
    price_cents  bigint      not null,
    created_at   timestamptz not null default now(),
    cancelled_at timestamptz,
    constraint booking_cancelled_at_check check ((status = 'cancelled') = (cancelled_at is not null))
);

-- every refused booking, so that support can tell a parent why
create table booking_conflict (
    id          bigint      generated always as identity primary key,
    slot_id     uuid        not null,
    student_id  uuid        not null,
    -- a problem code: slot_full, student_busy, slot_closed
    reason      text        not null,
    occurred_at timestamptz not null default now()
);

create table idempotency_key (
    user_id    uuid        not null references app_user (id),
    key        text        not null constraint idempotency_key_key_check check (length(key) between 1 and 255),
    -- SHA-256 of method, path and body: the same key with another request is refused
    digest     bytea       not null,
    -- the first answer, replayed to every repetition
    status     smallint    not null,
    body       jsonb       not null,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);

create table review (
    id         uuid        primary key,
    mentor_id  uuid        not null references mentor (id),
    student_id uuid        not null references app_user (id),
    -- one review a lesson
    booking_id uuid        not null constraint review_booking_id_key unique references booking (id),
    stars      smallint    not null constraint review_stars_check check (stars between 1 and 5),
    body       text        not null,
    created_at timestamptz not null default now()
);
