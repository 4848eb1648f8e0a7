-- Mentors and what they teach.

create table mentor (
    id                 uuid        primary key,
    user_id            uuid        not null constraint mentor_user_id_key unique references app_user (id),
    -- the public name, apart from the account's own so that discovery reads one table
    display_name       text        not null,
    headline           text        not null,
    bio                text        not null default '',
    languages          text[]      not null default '{}',
    hourly_price_cents bigint      not null constraint mentor_hourly_price_cents_check check (hourly_price_cents >= 0),
    -- mean of the reviews' stars times 100, rounded; kept in step by the transaction that adds a review
    rating_hundredths  integer     not null default 0
                                   constraint mentor_rating_hundredths_check check (rating_hundredths between 0 and 500),
    review_count       integer     not null default 0,
    -- off the list, but bookings stay
    is_active          boolean     not null default true,
    joined_at          timestamptz not null default now()
);

create table skill (
    id   smallint primary key,
    name text     not null constraint skill_name_key unique
);

create table mentor_skill (
    mentor_id uuid     not null references mentor (id),
    skill_id  smallint not null references skill (id),
    primary key (mentor_id, skill_id)
);
