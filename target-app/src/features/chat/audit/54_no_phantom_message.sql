-- No chat message was stored that no client sent.
select
    chat_message.room_id,
    chat_message.sender_id,
    chat_message.client_id,
    chat_message.seq
from chat_message
left join jsonb_to_recordset($1::jsonb -> 'messages')
    as promise (room uuid, sender uuid, client_id text, seq bigint)
    on promise.room = chat_message.room_id
    and promise.sender = chat_message.sender_id
    and promise.client_id = chat_message.client_id
where promise.room is null
and chat_message.sent_at > (select seeded_at from dataset)
and ($1::jsonb ->> 'omitted')::bigint = 0
