-- Roles belong to the whole server: another database of it may have made them already, or make them now.
do $$
declare
    member text;
begin
    foreach member in array array['codeconnect_student', 'codeconnect_mentor'] loop
        if to_regrole(member) is null then
            begin
                execute format('create role %I nologin', member);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        -- Whoever connects must be able to take the role; a superuser is.
        if not pg_has_role(current_user, member, 'usage') then
            execute format('grant %I to current_user', member);
        end if;
        execute format('grant usage on schema %I to %I', current_schema(), member);
    end loop;
end
$$;

grant select on booking, booking_hold, mentor to codeconnect_student, codeconnect_mentor;
grant select, insert, update, delete on booking_conflict to codeconnect_student;

alter table booking enable row level security;
alter table booking_hold enable row level security;
alter table booking_conflict enable row level security;

-- The user is looked up once a statement, by a subquery, and not once a row. A setting that was made in an
-- earlier transaction of the connection reads as an empty text afterwards, which is no id.
drop policy if exists booking_of_student on booking;
create policy booking_of_student on booking
    for select to codeconnect_student
    using (student_id = (select nullif(current_setting('codeconnect.user_id', true), '')::uuid));

drop policy if exists booking_of_mentor on booking;
create policy booking_of_mentor on booking
    for select to codeconnect_mentor
    using (mentor_id = (
        select mentor.id
        from mentor
        where mentor.user_id = (select nullif(current_setting('codeconnect.user_id', true), '')::uuid)
    ));

-- A hold is seen with its booking.
drop policy if exists hold_of_student on booking_hold;
create policy hold_of_student on booking_hold
    for select to codeconnect_student
    using (exists (select from booking where booking.id = booking_hold.booking_id));

drop policy if exists hold_of_mentor on booking_hold;
create policy hold_of_mentor on booking_hold
    for select to codeconnect_mentor
    using (exists (select from booking where booking.id = booking_hold.booking_id));

drop policy if exists conflict_of_student on booking_conflict;
create policy conflict_of_student on booking_conflict
    to codeconnect_student
    using (student_id = (select nullif(current_setting('codeconnect.user_id', true), '')::uuid))
    with check (student_id = (select nullif(current_setting('codeconnect.user_id', true), '')::uuid));
