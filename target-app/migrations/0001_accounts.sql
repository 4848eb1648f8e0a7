-- People, how they prove who they are, and the tokens they hold.

create table app_user (
    id           uuid        primary key,
    -- lower case, so that one person cannot register twice by changing the case
    email        text        not null constraint app_user_email_key unique
                             constraint app_user_email_check check (email = lower(email) and length(email) <= 254),
    display_name text        not null constraint app_user_display_name_check check (length(display_name) between 1 and 100),
    role         text        not null constraint app_user_role_check check (role in ('student', 'mentor', 'parent', 'admin')),
    -- students only
    grade        smallint,
    -- an inactive account keeps its history and cannot sign in
    is_active    boolean     not null default true,
    -- made by `seed`: its password may be hashed again when the hash switch changes
    seeded       boolean     not null default false,
    created_at   timestamptz not null default now()
);

create table credential (
    user_id      uuid        primary key references app_user (id),
    -- a self-describing hash ($2b$… or $argon2id$…), so that old ones verify after a switch
    hash         text        not null,
    -- consecutive failures since the last success
    failed_count integer     not null default 0,
    -- no attempt is looked at before this instant
    locked_until timestamptz
);

create table refresh_token (
    -- SHA-256 of the token: a copy of this table lets nobody in
    digest       bytea       primary key,
    -- all tokens that descend from one login; reuse revokes the whole family
    family       uuid        not null,
    user_id      uuid        not null references app_user (id),
    issued_at    timestamptz not null default now(),
    expires_at   timestamptz not null,
    -- when it was traded for its successor
    used_at      timestamptz,
    -- when the family was revoked
    revoked_at   timestamptz
);

-- a family has at most one token that still works
create unique index refresh_token_family_live_key
    on refresh_token (family)
    where used_at is null and revoked_at is null;
