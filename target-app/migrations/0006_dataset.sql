-- What `seed` put here: at most one row.

create table dataset (
    only_one  boolean     primary key default true constraint dataset_only_one_check check (only_one),
    scale     text        not null,
    seed      bigint      not null,
    -- SHA-256 over the generated rows, times relative to `anchor`: equal digests, equal data
    digest    text        not null,
    -- the instant that the data calls now
    anchor    timestamptz not null,
    seeded_at timestamptz not null default now()
);
