drop policy if exists booking_of_student on booking;
drop policy if exists booking_of_mentor on booking;
drop policy if exists hold_of_student on booking_hold;
drop policy if exists hold_of_mentor on booking_hold;
drop policy if exists conflict_of_student on booking_conflict;

alter table booking disable row level security;
alter table booking_hold disable row level security;
alter table booking_conflict disable row level security;

-- The roles stay, because other databases of the server may use them, and may do nothing here.
do $$
declare
    member text;
begin
    foreach member in array array['codeconnect_student', 'codeconnect_mentor'] loop
        if to_regrole(member) is not null then
            execute format(
                'revoke all on booking, booking_hold, booking_conflict, mentor from %I', member);
        end if;
    end loop;
end
$$;
