drop index if exists notification_user_idx;
