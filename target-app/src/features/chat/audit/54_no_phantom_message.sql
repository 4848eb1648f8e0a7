-- No chat message was stored that no client sent.
select
    chat_message.room_id,
    chat_message.sender_id,
    chat_message.client_id,
    chat_message.seq
from chat_message
left join jsonb_to_recordset($1::jsonb -> 'messages')
    as ledger (room uuid, sender uuid, client_id text, seq bigint)
    on ledger.room = chat_message.room_id
    and ledger.sender = chat_message.sender_id
    and ledger.client_id = chat_message.client_id
where ledger.room is null
and chat_message.sent_at > (select seeded_at from dataset)
and ($1::jsonb ->> 'omitted')::bigint = 0
