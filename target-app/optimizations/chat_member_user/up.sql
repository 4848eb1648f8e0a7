-- claim: a person's rooms are one index range instead of a scan of every membership
-- query: features::chat::repository (rooms of a person)
-- cost: one index entry a membership
-- experiment: experiments/chat_member_index.yaml
create index if not exists chat_member_user_idx
    on chat_member (user_id, room_id);
