-- No two slots of one mentor that have active bookings overlap in time.
select
    mentor_id,
    id as slot_id,
    starts_at,
    busy_until
from (
    select
        slot.mentor_id,
        slot.id,
        slot.starts_at,
        max(slot.ends_at) over (
            partition by slot.mentor_id
            order by slot.starts_at, slot.id
            rows between unbounded preceding and 1 preceding
        ) as busy_until
    from slot
    join (
        select distinct slot_id
        from booking
        where status in ('confirmed', 'completed')
    ) as taken on taken.slot_id = slot.id
) as lesson
where busy_until > starts_at
