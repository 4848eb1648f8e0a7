//! Signing in: a random seeded student logs in and asks who that is.

use rand::RngExt as _;
use shared::{
    api::auth::{LoginRequest, Role, Session, UserView},
    dataset::{self, RowKind},
    paths,
};

use crate::flows::{AppFlow, AppIteration, CachedReads, FeatureFlows, FlowFuture, Op};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

pub(super) static REGISTER: Op = Op::post("auth.register");
pub(super) static LOGIN: Op = Op::post("auth.login");
static ME: Op = Op::get("auth.me");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&REGISTER, &LOGIN, &ME],
    headline: &[&LOGIN],
    completes: &[("logins", &[&LOGIN]), ("registrations", &[&REGISTER])],
    flows: &[AppFlow {
        name: "auth.login",
        help: "a student logs in with the right password and asks who that is",
        operations: &[&LOGIN, &ME],
        needs_sessions: false,
        at_once: 1,
        run: |it| FlowFuture::new(login(it)),
    }],
    caches: &[CachedReads {
        switch: "cache.users",
        operation: &ME,
        weights: None,
    }],
    ..FeatureFlows::new("auth", "Login")
};

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
    login_with(dataset::student_email(n))
}

/// The login of seeded mentor `n`.
pub fn mentor_login_request(n: u32) -> Request {
    login_with(dataset::mentor_email(n))
}

/// The login of seeded administrator `n`.
pub fn admin_login_request(n: u32) -> Request {
    login_with(dataset::admin_email(n))
}

fn login_with(email: String) -> Request {
    Request::post_json(
        paths::AUTH_LOGIN,
        &LoginRequest {
            email,
            password: dataset::PASSWORD.to_owned(),
        },
    )
}

/// The session of mentor `n`, if the answer is one.
pub fn check_mentor_login(reply: &Reply, n: u32) -> Result<Session, Mismatch> {
    check_staff_login(reply, RowKind::MentorUser, Role::Mentor, n)
}

/// The session of administrator `n`, if the answer is one.
pub fn check_admin_login(reply: &Reply, n: u32) -> Result<Session, Mismatch> {
    check_staff_login(reply, RowKind::Admin, Role::Admin, n)
}

fn check_staff_login(
    reply: &Reply,
    kind: RowKind,
    role: Role,
    n: u32,
) -> Result<Session, Mismatch> {
    let session: Session = check::json(reply, 200)?;
    let right = session.user.id.0 == dataset::id(kind, n)
        && session.user.role == role
        && !session.tokens.access_token.is_empty();
    if right {
        Ok(session)
    } else {
        let who = role.as_str();
        Err(Mismatch::new(format!("login of {who} {n}: another user")))
    }
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
