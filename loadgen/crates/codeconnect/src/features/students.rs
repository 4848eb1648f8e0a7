//! Students: a mentor or an administrator looks through the students and opens one of them.

use rand::RngExt as _;
use shared::{
    api::students::{StudentCard, StudentDetail},
    page::{DEFAULT_PER_PAGE, Page},
    paths,
    problem::Code,
};

use crate::flows::{AppFlow, AppIteration, DrawnPlace, FeatureFlows, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Share of administrators among those who look.
const ADMINS: f64 = 0.2;
/// Share of those who look at one grade only.
const BY_GRADE: f64 = 0.3;
/// Grades that students are in.
const GRADES: std::ops::RangeInclusive<i16> = 5..=13;
/// Pages that an administrator opens.
const PAGES: std::ops::RangeInclusive<u32> = 1..=20;

static LIST: Op = Op::get("students.list");
static DETAIL: Op = Op::get("students.detail");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&LIST, &DETAIL],
    headline: &[&LIST],
    flows: &[AppFlow {
        name: "students.browse",
        help: "a mentor or an administrator looks through the students and opens one of them",
        operations: &[&LIST, &DETAIL],
        needs_sessions: true,
        at_once: 1,
        run: |it| until_failure(browse(it)),
    }],
    needs_staff: true,
    ..FeatureFlows::new("students", "Students")
};

async fn browse(mut it: AppIteration<'_>) -> Option<()> {
    let is_admin = it.rng.random_bool(ADMINS);
    let grade = it
        .rng
        .random_bool(BY_GRADE)
        .then(|| it.rng.random_range(GRADES));
    let page = if is_admin {
        it.rng.random_range(PAGES)
    } else {
        1
    };
    let which = DrawnPlace::draw(it.rng);
    let token = if is_admin {
        it.world.any_admin(it.rng)?.token.get()
    } else {
        it.world.any_mentor(it.rng)?.token.get()
    };
    let filter = grade.map(|grade| format!("&grade={grade}"));
    let path = format!(
        "{}?page={page}{}",
        paths::STUDENTS,
        filter.unwrap_or_default()
    );
    let request = Request::get(path).bearer(&token);
    let listed = it.call(&LIST, request, |reply| check_list(reply, grade));
    let students = listed.await?;
    let student = which.item(&students)?;
    let request = Request::get(paths::with_id(paths::STUDENT, student.id)).bearer(&token);
    it.call(&DETAIL, request, |reply| {
        check_detail(reply, student, is_admin)
    })
    .await;
    Some(())
}

fn check_list(reply: &Reply, grade: Option<i16>) -> Result<Vec<StudentCard>, Mismatch> {
    let page: Page<StudentCard> = check::json(reply, 200)?;
    if page.items.len() > DEFAULT_PER_PAGE as usize {
        return Err(Mismatch::new("the page holds more students than asked for"));
    }
    if page
        .total
        .is_none_or(|total| total < page.items.len() as u64)
    {
        return Err(Mismatch::new("more students than there are in all"));
    }
    if grade.is_some() && page.items.iter().any(|student| student.grade != grade) {
        return Err(Mismatch::new("a student is of another grade"));
    }
    if !check::all_differ(page.items.iter().map(|student| student.id)) {
        return Err(Mismatch::new("a student is listed twice"));
    }
    Ok(page.items)
}

/// The student of the list. To a mentor a student who cancelled the only lesson meanwhile does not exist.
fn check_detail(reply: &Reply, student: &StudentCard, is_admin: bool) -> Result<(), Mismatch> {
    if !is_admin && check::problem_code(reply) == Some(Code::NotFound) {
        return Ok(());
    }
    let detail: StudentDetail = check::json(reply, 200)?;
    if detail.card != *student {
        return Err(Mismatch::new("the student is not the one of the list"));
    }
    let held = detail.last_lesson_at.is_some() == (detail.lessons_held > 0);
    let upcoming = detail.next_lesson_at.is_some() == (detail.lessons_upcoming > 0);
    if held && upcoming {
        Ok(())
    } else {
        Err(Mismatch::new("the lessons of the student do not add up"))
    }
}

#[cfg(test)]
mod tests {
    use shared::{ids::UserId, problem::Problem};
    use uuid::Uuid;

    use super::*;
    use crate::features::scripted::reply;

    fn card(n: u128) -> StudentCard {
        StudentCard {
            id: UserId(Uuid::from_u128(n)),
            display_name: "Ada Stone".to_owned(),
            grade: Some(7),
        }
    }

    #[test]
    fn a_list_has_each_student_once_and_only_those_of_the_grade() {
        let judged = |items: Vec<StudentCard>, grade| {
            let page = Page {
                total: Some(2),
                items,
                page: 1,
                per_page: DEFAULT_PER_PAGE,
                next_cursor: None,
            };
            check_list(&reply(200, &page), grade)
        };
        assert!(judged(vec![card(1), card(2)], Some(7)).is_ok());
        assert!(judged(vec![card(1), card(1)], None).is_err());
        assert!(judged(vec![card(1)], Some(8)).is_err());
        assert!(judged(vec![card(1), card(2), card(3)], None).is_err());
    }

    #[test]
    fn a_detail_is_of_the_student_of_the_list() {
        let detail = |n, held| StudentDetail {
            card: card(n),
            lessons_held: held,
            lessons_upcoming: 0,
            last_lesson_at: None,
            next_lesson_at: None,
        };
        assert!(check_detail(&reply(200, &detail(1, 0)), &card(1), true).is_ok());
        assert!(check_detail(&reply(200, &detail(2, 0)), &card(1), true).is_err());
        assert!(check_detail(&reply(200, &detail(1, 3)), &card(1), true).is_err());
        let gone = reply(404, &Problem::new(Code::NotFound, "no such student"));
        assert!(check_detail(&gone, &card(1), false).is_ok());
        assert!(check_detail(&gone, &card(1), true).is_err());
    }
}
