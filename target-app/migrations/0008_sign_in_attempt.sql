-- Attempts to sign in, counted before a password is hashed: by address, whether or not the address
-- has an account, so that both cost the same statements, and in the database, so that the count
-- holds across instances.

create table sign_in_attempt (
    -- SHA-256 of the address in lower case: a user may have typed a password there
    address      bytea       primary key,
    -- attempts since the last success or the last lock
    attempts     integer     not null constraint sign_in_attempt_attempts_check check (attempts > 0),
    -- no attempt is looked at before this instant
    locked_until timestamptz,
    -- rows that were not touched for a day are purged
    tried_at     timestamptz not null
);

alter table credential
    drop column failed_count,
    drop column locked_until;
