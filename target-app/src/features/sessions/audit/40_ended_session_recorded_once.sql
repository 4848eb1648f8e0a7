-- Every session that has ended has exactly one recording, and none that is live has one.
select
    s.id as session_id,
    s.ended_at,
    coalesce(r.recordings, 0) as recordings
from class_session s
left join (
    select session_id, count(*) as recordings
    from recording
    group by session_id
) r on r.session_id = s.id
where coalesce(r.recordings, 0) <> case when s.ended_at is null then 0 else 1 end
