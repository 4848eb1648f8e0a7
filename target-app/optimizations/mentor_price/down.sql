drop index if exists mentor_price_idx;
