-- Every notification that was acknowledged as read is there, is its reader's own, and is read.
select
    ledger.notification as notification_id,
    ledger.reader as reader_id,
    notification.user_id as found_user_id,
    notification.read_at
from jsonb_to_recordset($1::jsonb -> 'reads')
    as ledger (reader uuid, notification uuid, acknowledged boolean)
left join notification on notification.id = ledger.notification
where ledger.acknowledged
and (
    notification.id is null
    or notification.user_id <> ledger.reader
    or notification.read_at is null
)
