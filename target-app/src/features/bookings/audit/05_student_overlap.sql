-- No two active bookings of one student overlap in time.
select
    student_id,
    id as booking_id,
    scheduled_at,
    busy_until
from (
    select
        student_id,
        id,
        scheduled_at,
        max(ends_at) over (
            partition by student_id
            order by scheduled_at, id
            rows between unbounded preceding and 1 preceding
        ) as busy_until
    from booking
    where status in ('confirmed', 'completed')
) as lesson
where busy_until > scheduled_at
