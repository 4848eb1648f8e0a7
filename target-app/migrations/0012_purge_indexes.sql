-- Indexes of the purge, which each instance repeats for as long as the tables grow. They are no
-- optimization to be measured: without them a purge reads whole tables, under every profile alike.

create index refresh_token_expires_at_purge_idx on refresh_token (expires_at);
create index sign_in_attempt_tried_at_purge_idx on sign_in_attempt (tried_at);
create index idempotency_key_created_at_purge_idx on idempotency_key (created_at);
create index booking_conflict_occurred_at_purge_idx on booking_conflict (occurred_at);
