-- No family of refresh tokens has more than one that still works, and none that works beside one that was revoked.
select
    family,
    count(*) filter (where used_at is null and revoked_at is null) as live,
    count(*) filter (where revoked_at is not null) as revoked
from refresh_token
group by family
having count(*) filter (where used_at is null and revoked_at is null) > 1
or (
    count(*) filter (where used_at is null and revoked_at is null) > 0
    and count(*) filter (where revoked_at is not null) > 0
)
