-- claim: a person's newest notifications, and the count of the unread ones, are one index range instead of
--        a scan of everybody's
-- query: features::notifications::repository (list, count of unread, mark all read)
-- cost: one index entry a notification
-- experiment: experiments/notification_index.yaml
create index if not exists notification_user_idx
    on notification (user_id, created_at desc, id desc);
