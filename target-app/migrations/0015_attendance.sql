-- Whether the participants of lessons came.

create table attendance (
    -- one mark a participant: a booking is one student's place in a lesson
    booking_id uuid        primary key references booking (id),
    status     text        not null constraint attendance_status_check check (status in ('present', 'late', 'absent')),
    -- the account of the mentor, or of an administrator
    marked_by  uuid        not null references app_user (id),
    -- when the status became what it is
    marked_at  timestamptz not null
);
