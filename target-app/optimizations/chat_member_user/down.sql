drop index if exists chat_member_user_idx;
