//! SQL of dashboards. Every function is one statement, and each reads a bounded span of time or a
//! bounded number of rows.

use chrono::{DateTime, Utc};
use shared::{
    api::{
        bookings::BookingStatus,
        dashboards::{
            DashboardActivity, DashboardOverview, FinancialSummary, MAX_SHOWN, StudentStatistics,
            UpcomingLesson,
        },
    },
    ids::{BookingId, MentorId, UserId},
    money::Cents,
};
use sqlx::{FromRow, PgConnection, query_as};
use uuid::Uuid;

use super::model::{DashboardPeriod, DashboardScope};
use crate::{db::DbError, timing};

/// Rows of each of the two lists.
pub(super) const SHOWN: i64 = MAX_SHOWN as i64;

/// The numbers of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DashboardFigures {
    pub(super) overview: DashboardOverview,
    pub(super) finances: FinancialSummary,
    pub(super) students: StudentStatistics,
}

#[derive(FromRow)]
struct FiguresRow {
    lessons_today: i64,
    lessons_week: i64,
    lessons_held: i64,
    lessons_cancelled: i64,
    mentors: i64,
    held_cents: i64,
    booked_cents: i64,
    cancelled_cents: i64,
    students: i64,
    present: i64,
    late: i64,
    absent: i64,
}

impl From<FiguresRow> for DashboardFigures {
    fn from(row: FiguresRow) -> Self {
        Self {
            overview: DashboardOverview {
                lessons_today: row.lessons_today,
                lessons_week: row.lessons_week,
                lessons_held: row.lessons_held,
                lessons_cancelled: row.lessons_cancelled,
                mentors: row.mentors,
            },
            finances: FinancialSummary {
                held_cents: Cents(row.held_cents),
                booked_cents: Cents(row.booked_cents),
                cancelled_cents: Cents(row.cancelled_cents),
            },
            students: StudentStatistics {
                active: row.students,
                present: row.present,
                late: row.late,
                absent: row.absent,
            },
        }
    }
}

#[derive(FromRow)]
struct UpcomingRow {
    id: Uuid,
    student_id: Uuid,
    student_name: String,
    mentor_id: Uuid,
    mentor_name: String,
    scheduled_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl From<UpcomingRow> for UpcomingLesson {
    fn from(row: UpcomingRow) -> Self {
        Self {
            booking_id: BookingId(row.id),
            student_id: UserId(row.student_id),
            student_name: row.student_name,
            mentor_id: MentorId(row.mentor_id),
            mentor_name: row.mentor_name,
            scheduled_at: row.scheduled_at,
            ends_at: row.ends_at,
        }
    }
}

#[derive(FromRow)]
struct ActivityRow {
    id: Uuid,
    status: String,
    changed_at: DateTime<Utc>,
    scheduled_at: DateTime<Utc>,
    student_name: String,
    mentor_name: String,
}

impl From<ActivityRow> for DashboardActivity {
    fn from(row: ActivityRow) -> Self {
        Self {
            booking_id: BookingId(row.id),
            // The column's check admits these three and no other.
            status: match row.status.as_str() {
                "cancelled" => BookingStatus::Cancelled,
                "completed" => BookingStatus::Completed,
                _ => BookingStatus::Confirmed,
            },
            at: row.changed_at,
            scheduled_at: row.scheduled_at,
            student_name: row.student_name,
            mentor_name: row.mentor_name,
        }
    }
}

/// The same statement for each scope; each must be a static text of its own, so that each is served by
/// the index of its column. The key of the scope is the last parameter.
macro_rules! of_scope {
    ($scope:expr, $sql:ident) => {
        match $scope {
            DashboardScope::Platform => $sql!("true"),
            DashboardScope::Mentor(_) => $sql!("mentor_id"),
            DashboardScope::Student(_) => $sql!("student_id"),
        }
    };
}

/// `from`, `day`, `next`, `week`, `to`, key of the scope.
macro_rules! figures_sql {
    ("true") => { figures_sql!(@ "true") };
    ($column:literal) => { figures_sql!(@ concat!($column, " = $6")) };
    (@ $scope:expr) => {
        concat!(
            "select
                 count(*) filter (where kept and scheduled_at >= $2 and scheduled_at < $3)
                     as lessons_today,
                 count(*) filter (where kept and scheduled_at >= $2 and scheduled_at < $4)
                     as lessons_week,
                 count(*) filter (where kept and scheduled_at < $2) as lessons_held,
                 count(*) filter (where not kept) as lessons_cancelled,
                 count(distinct mentor_id) filter (where kept) as mentors,
                 count(distinct student_id) filter (where kept) as students,
                 coalesce(sum(price_cents) filter (where kept and scheduled_at < $2), 0)::bigint
                     as held_cents,
                 coalesce(sum(price_cents) filter (where kept and scheduled_at >= $2), 0)::bigint
                     as booked_cents,
                 coalesce(sum(price_cents) filter (where not kept), 0)::bigint as cancelled_cents,
                 count(*) filter (where marked = 'present') as present,
                 count(*) filter (where marked = 'late') as late,
                 count(*) filter (where marked = 'absent') as absent
             from (
                 select b.scheduled_at, b.mentor_id, b.student_id, b.price_cents,
                        b.status <> 'cancelled' as kept,
                        case when b.scheduled_at < $2 then a.status end as marked
                 from booking b
                 left join attendance a on a.booking_id = b.id
                 where ", $scope, "
                   and b.scheduled_at >= $1
                   and b.scheduled_at < $5
             ) lessons"
        )
    };
}

/// `day`, `limit`, key of the scope.
macro_rules! upcoming_sql {
    ("true") => { upcoming_sql!(@ "true") };
    ($column:literal) => { upcoming_sql!(@ concat!($column, " = $3")) };
    (@ $scope:expr) => {
        concat!(
            "select b.id, b.student_id, u.display_name as student_name,
                    b.mentor_id, m.display_name as mentor_name, b.scheduled_at, b.ends_at
             from (
                 select id, student_id, mentor_id, scheduled_at, ends_at
                 from booking
                 where ", $scope, "
                   and scheduled_at >= $1
                   and status = 'confirmed'
                 order by scheduled_at, id
                 limit $2
             ) b
             join mentor m on m.id = b.mentor_id
             join app_user u on u.id = b.student_id
             order by b.scheduled_at, b.id"
        )
    };
}

/// `limit`, key of the scope.
macro_rules! activity_sql {
    ("true") => { activity_sql!(@ "true") };
    ($column:literal) => { activity_sql!(@ concat!($column, " = $2")) };
    (@ $scope:expr) => {
        concat!(
            "select b.id, b.status, b.changed_at, b.scheduled_at,
                    u.display_name as student_name, m.display_name as mentor_name
             from (
                 select id, status, student_id, mentor_id, scheduled_at,
                        coalesce(cancelled_at, created_at) as changed_at
                 from booking
                 where ", $scope, "
                 order by coalesce(cancelled_at, created_at) desc, id desc
                 limit $1
             ) b
             join mentor m on m.id = b.mentor_id
             join app_user u on u.id = b.student_id
             order by b.changed_at desc, b.id desc"
        )
    };
}

impl DashboardScope {
    /// The key as it is bound; none of the platform, whose statements have no such parameter.
    pub(super) const fn key(self) -> Option<Uuid> {
        match self {
            Self::Platform => None,
            Self::Mentor(id) => Some(id.0),
            Self::Student(id) => Some(id.0),
        }
    }
}

/// The statement of [`figures`]: `from`, `day`, `next`, `week`, `to`, key of the scope.
pub(super) const fn figures_text(scope: DashboardScope) -> &'static str {
    of_scope!(scope, figures_sql)
}

/// The statement of [`upcoming`]: `day`, `limit`, key of the scope.
pub(super) const fn upcoming_text(scope: DashboardScope) -> &'static str {
    of_scope!(scope, upcoming_sql)
}

/// The statement of [`activity`]: `limit`, key of the scope.
pub(super) const fn activity_text(scope: DashboardScope) -> &'static str {
    of_scope!(scope, activity_sql)
}

/// The numbers of a period.
pub(super) async fn figures(
    conn: &mut PgConnection,
    scope: DashboardScope,
    period: DashboardPeriod,
) -> Result<DashboardFigures, DbError> {
    let mut query = query_as::<_, FiguresRow>(figures_text(scope))
        .bind(period.from)
        .bind(period.day)
        .bind(period.next)
        .bind(period.week)
        .bind(period.to);
    if let Some(key) = scope.key() {
        query = query.bind(key);
    }
    let row = timing::db(query.fetch_one(conn)).await?;
    Ok(row.into())
}

/// The next confirmed lessons from an instant on.
pub(super) async fn upcoming(
    conn: &mut PgConnection,
    scope: DashboardScope,
    from: DateTime<Utc>,
) -> Result<Vec<UpcomingLesson>, DbError> {
    let mut query = query_as::<_, UpcomingRow>(upcoming_text(scope))
        .bind(from)
        .bind(SHOWN);
    if let Some(key) = scope.key() {
        query = query.bind(key);
    }
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(UpcomingLesson::from).collect())
}

/// The bookings that changed last.
pub(super) async fn activity(
    conn: &mut PgConnection,
    scope: DashboardScope,
) -> Result<Vec<DashboardActivity>, DbError> {
    let mut query = query_as::<_, ActivityRow>(activity_text(scope)).bind(SHOWN);
    if let Some(key) = scope.key() {
        query = query.bind(key);
    }
    let rows = timing::db(query.fetch_all(conn)).await?;
    Ok(rows.into_iter().map(DashboardActivity::from).collect())
}
