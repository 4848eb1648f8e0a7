drop index if exists slot_open_idx;
