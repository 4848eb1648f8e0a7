-- Recorded classes. The bytes are files; the table says which.

create table recording (
    id               uuid        primary key,
    booking_id       uuid        not null constraint recording_booking_id_key unique references booking (id),
    title            text        not null,
    duration_seconds integer     not null constraint recording_duration_seconds_check check (duration_seconds > 0),
    -- name of the file in the media folder, without its ending
    media_key        text        not null,
    size_bytes       bigint      not null constraint recording_size_bytes_check check (size_bytes > 0),
    recorded_at      timestamptz not null
);
