-- No two slots of one mentor overlap in time, booked or not.
select
    mentor_id,
    id as slot_id,
    starts_at,
    busy_until
from (
    select
        mentor_id,
        id,
        starts_at,
        max(ends_at) over (
            partition by mentor_id
            order by starts_at, id
            rows between unbounded preceding and 1 preceding
        ) as busy_until
    from slot
) as event
where busy_until > starts_at
