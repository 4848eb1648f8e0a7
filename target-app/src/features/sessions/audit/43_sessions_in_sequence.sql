-- The sessions of a booking are numbered 1, 2, 3 … and each begins when the one before has ended.
select
    id as session_id,
    booking_id,
    part,
    place,
    started_at,
    former_ended_at
from (
    select
        id,
        booking_id,
        part,
        started_at,
        row_number() over parts as place,
        lag(ended_at, 1, started_at) over parts as former_ended_at
    from class_session
    window parts as (partition by booking_id order by part)
) session
where part <> place
    or former_ended_at is null
    or former_ended_at > started_at
