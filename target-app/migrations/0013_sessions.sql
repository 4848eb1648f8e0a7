-- Video classes: sessions of confirmed bookings, and the recordings that they end with.

alter table slot
    -- when classes of this slot can be initiated; a quarter of an hour before it begins where this is null
    add column class_opens_at timestamptz;

create table class_session (
    id           uuid        primary key,
    booking_id   uuid        not null references booking (id),
    -- 1, 2, 3 … of its booking: a class that has ended may be taken up again while its lesson lasts
    part         smallint    not null constraint class_session_part_check check (part between 1 and 1000),
    -- its student or its mentor
    initiated_by uuid        not null references app_user (id),
    started_at   timestamptz not null,
    -- it is ended then at the latest
    expires_at   timestamptz not null constraint class_session_expires_at_check check (expires_at > started_at),
    -- null while it is live
    ended_at     timestamptz constraint class_session_ended_at_check check (ended_at >= started_at),
    constraint class_session_booking_id_part_key unique (booking_id, part)
);

-- one live session of a booking, however many initiate it at once; also the way to it
create unique index class_session_booking_id_live_key
    on class_session (booking_id)
    where ended_at is null;

-- A recording is of one session; those of classes from before sessions were kept have none.
alter table recording
    add column session_id uuid constraint recording_session_id_key unique references class_session (id),
    -- that of the session
    add column part smallint not null default 1 constraint recording_part_check check (part between 1 and 1000),
    drop constraint recording_booking_id_key,
    -- begins with the booking: also the way from a booking to its recordings
    add constraint recording_booking_id_part_key unique (booking_id, part);
