//! Signing in: a random seeded student logs in and asks who that is.

use futures_util::future::LocalBoxFuture;
use rand::RngExt as _;
use shared::{
    api::auth::{LoginRequest, Role, Session, UserView},
    dataset::{self, RowKind},
    paths,
};

use super::{
    bound::{AppFlow, AppIteration},
    feature::FeatureFlows,
    operation::Op,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

static LOGIN: Op = Op::post("auth.login");
static ME: Op = Op::get("auth.me");

/// What the load side knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    area: "auth",
    label: "Login",
    operations: &[&LOGIN, &ME],
    headline: &[&LOGIN],
    flows: &[&Login],
};

/// `auth.login`: log in, then ask who am I.
pub(super) struct Login;

impl AppFlow for Login {
    fn name(&self) -> &'static str {
        "auth.login"
    }
    fn help(&self) -> &'static str {
        "a student logs in with the right password and asks who that is"
    }
    fn operations(&self) -> &'static [&'static Op] {
        const { &[&LOGIN, &ME] }
    }
    fn needs_sessions(&self) -> bool {
        false
    }
    fn run<'a>(&'a self, it: AppIteration<'a>) -> LocalBoxFuture<'a, ()> {
        Box::pin(login(it))
    }
}

async fn login(mut it: AppIteration<'_>) {
    let student = it.rng.random_range(0..it.world.counts.students.max(1));
    let Some(session) = it
        .call(&LOGIN, login_request(student), |reply| {
            check_login(reply, student)
        })
        .await
    else {
        return;
    };
    let me = Request::get(paths::AUTH_ME).bearer(&session.tokens.access_token);
    it.call(&ME, me, |reply| {
        let user: UserView = check::json(reply, 200)?;
        if user == session.user {
            Ok(())
        } else {
            Err(Mismatch::new("me is not the user who logged in"))
        }
    })
    .await;
}

/// The login of seeded student `n`.
pub fn login_request(n: u32) -> Request {
    Request::post_json(
        paths::AUTH_LOGIN,
        &LoginRequest {
            email: dataset::student_email(n),
            password: dataset::PASSWORD.to_owned(),
        },
    )
}

/// The session of student `n`, if the answer is one.
pub fn check_login(reply: &Reply, n: u32) -> Result<Session, Mismatch> {
    let session: Session = check::json(reply, 200)?;
    let wrong = |what: &str| Err(Mismatch::new(format!("login of student {n}: {what}")));
    if session.user.id.0 != dataset::id(RowKind::Student, n) {
        return wrong("another user's id");
    }
    if session.user.email != dataset::student_email(n) {
        return wrong("another user's e-mail");
    }
    if session.user.role != Role::Student {
        return wrong("the role is not student");
    }
    if session.tokens.access_token.is_empty() || session.tokens.refresh_token.is_empty() {
        return wrong("a token is empty");
    }
    if session.tokens.expires_in == 0 {
        return wrong("the access token is expired already");
    }
    Ok(session)
}
