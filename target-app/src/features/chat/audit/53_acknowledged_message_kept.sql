-- Every acknowledged chat message exists once, with the number of its acknowledgement.
select
    ledger.room as room_id,
    ledger.sender as sender_id,
    ledger.client_id,
    ledger.seq as acknowledged_seq,
    chat_message.seq as found_seq
from jsonb_to_recordset($1::jsonb -> 'messages')
    as ledger (room uuid, sender uuid, client_id text, seq bigint)
left join chat_message
    on chat_message.room_id = ledger.room
    and chat_message.sender_id = ledger.sender
    and chat_message.client_id = ledger.client_id
where ledger.seq is not null
and chat_message.seq is distinct from ledger.seq
