-- Chat rooms, members and messages.

create table chat_room (
    id       uuid   primary key,
    title    text   not null,
    -- number of the newest message; the row's lock puts messages in order
    last_seq bigint not null default 0
);

create table chat_member (
    room_id uuid not null references chat_room (id),
    user_id uuid not null references app_user (id),
    primary key (room_id, user_id)
);

create table chat_message (
    id        uuid        primary key,
    room_id   uuid        not null references chat_room (id),
    -- 1, 2, 3 … without gaps in each room
    seq       bigint      not null,
    sender_id uuid        not null references app_user (id),
    -- the sender's own name for it: sending again has no second effect
    client_id text        not null,
    body      text        not null,
    sent_at   timestamptz not null default now(),
    constraint chat_message_room_id_seq_key unique (room_id, seq),
    constraint chat_message_room_id_sender_id_client_id_key unique (room_id, sender_id, client_id)
);
