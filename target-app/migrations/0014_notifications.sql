-- Notifications: what others did to one's lessons.

create table notification (
    id         uuid        primary key,
    -- whose it is
    user_id    uuid        not null references app_user (id),
    kind       text        not null constraint notification_kind_check check (kind in ('booking_made', 'booking_cancelled', 'booking_moved', 'booking_paid', 'booking_released', 'session_started')),
    booking_id uuid        not null references booking (id),
    created_at timestamptz not null,
    -- null while it is unread; read ones are purged
    read_at    timestamptz constraint notification_read_at_check check (read_at >= created_at)
);

-- Of the purge, as those of 0012_purge_indexes.
create index notification_read_at_purge_idx on notification (read_at) where read_at is not null;
