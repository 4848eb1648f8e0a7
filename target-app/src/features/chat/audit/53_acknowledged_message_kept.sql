-- Every chat message that was acknowledged is there, once, under the number that its sender was told.
select
    promise.room as room_id,
    promise.sender as sender_id,
    promise.client_id,
    promise.seq as told_seq,
    chat_message.seq as found_seq
from jsonb_to_recordset($1::jsonb -> 'messages')
    as promise (room uuid, sender uuid, client_id text, seq bigint)
left join chat_message
    on chat_message.room_id = promise.room
    and chat_message.sender_id = promise.sender
    and chat_message.client_id = promise.client_id
where promise.seq is not null
and chat_message.seq is distinct from promise.seq
