-- The messages of every room are numbered from 1 to its last number without gaps.
select
    chat_room.id as room_id,
    chat_room.last_seq,
    coalesce(said.messages, 0) as messages,
    said.first_seq,
    said.highest_seq
from chat_room
left join (
    select
        room_id,
        count(*) as messages,
        min(seq) as first_seq,
        max(seq) as highest_seq
    from chat_message
    group by room_id
) as said on said.room_id = chat_room.id
where coalesce(said.messages, 0) <> chat_room.last_seq
or coalesce(said.highest_seq, 0) <> chat_room.last_seq
or coalesce(said.first_seq, 1) <> 1
