//! Signing in: a random seeded student logs in and asks who that is, or has a whole session: logs in,
//! trades the tokens for new ones and logs out.

use rand::RngExt as _;
use shared::{
    api::auth::{
        LoginRequest, RefreshRequest, RegisterRequest, RegisteredRole, Role, Session, TokenPair,
        UserView,
    },
    dataset::{self, RowKind},
    paths,
};

use crate::flows::{
    AppFlow, AppIteration, CachedReads, FeatureFlows, FlowFuture, Op, until_failure,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

pub(super) static REGISTER: Op = Op::post("auth.register");
pub(super) static LOGIN: Op = Op::post("auth.login");
static ME: Op = Op::get("auth.me");
static REFRESH: Op = Op::post("auth.refresh");
static LOGOUT: Op = Op::post("auth.logout");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&REGISTER, &LOGIN, &ME, &REFRESH, &LOGOUT],
    headline: &[&LOGIN],
    completes: &[("logins", &[&LOGIN]), ("registrations", &[&REGISTER])],
    flows: &[
        AppFlow {
            name: "auth.login",
            help: "a student logs in with the right password and asks who that is",
            operations: &[&LOGIN, &ME],
            needs_sessions: false,
            at_once: 1,
            run: |it| FlowFuture::new(login(it)),
        },
        AppFlow {
            name: "auth.session",
            help: "a student logs in, asks who that is, renews the session, asks again and logs out",
            operations: &[&LOGIN, &ME, &REFRESH, &LOGOUT],
            needs_sessions: false,
            at_once: 1,
            run: |it| until_failure(session(it)),
        },
    ],
    caches: &[CachedReads {
        switch: "cache.users",
        operation: &ME,
        weights: None,
    }],
    ..FeatureFlows::new("auth", "Login")
};

async fn login(mut it: AppIteration<'_>) {
    signed_in(&mut it).await;
}

async fn session(mut it: AppIteration<'_>) -> Option<()> {
    let session = signed_in(&mut it).await?;
    let first = &session.tokens;
    let request = Request::post_json(paths::AUTH_REFRESH, &with_token(first));
    let renewed = it.call(&REFRESH, request, |reply| check_refresh(reply, first));
    let second = renewed.await?;
    if ask_me(&mut it, &second, &session.user).await {
        let request = Request::post_json(paths::AUTH_LOGOUT, &with_token(&second));
        it.call(&LOGOUT, request, |reply| check::status(reply, 204))
            .await;
    }
    Some(())
}

/// Logs a random student in, who asks who that is; the session, where both are right.
async fn signed_in(it: &mut AppIteration<'_>) -> Option<Session> {
    let student = it.rng.random_range(0..it.world.counts.students.max(1));
    let session = it
        .call(&LOGIN, login_request(student), |reply| {
            check_login(reply, student)
        })
        .await?;
    let is_known = ask_me(it, &session.tokens, &session.user).await;
    is_known.then_some(session)
}

/// Asks who one is; whether that is the user who logged in.
async fn ask_me(it: &mut AppIteration<'_>, tokens: &TokenPair, user: &UserView) -> bool {
    let me = Request::get(paths::AUTH_ME).bearer(&tokens.access_token);
    let known = it.call(&ME, me, |reply| {
        let seen: UserView = check::json(reply, 200)?;
        if seen == *user {
            Ok(())
        } else {
            Err(Mismatch::new("me is not the user who logged in"))
        }
    });
    known.await.is_some()
}

fn with_token(tokens: &TokenPair) -> RefreshRequest {
    RefreshRequest {
        refresh_token: tokens.refresh_token.clone(),
    }
}

/// New tokens: one that was traded is good for nothing any more.
fn check_refresh(reply: &Reply, traded: &TokenPair) -> Result<TokenPair, Mismatch> {
    let tokens: TokenPair = check::json(reply, 200)?;
    if tokens.access_token.is_empty() || tokens.refresh_token.is_empty() {
        return Err(Mismatch::new("a token is empty"));
    }
    if tokens.refresh_token == traded.refresh_token {
        return Err(Mismatch::new(
            "the refresh token is the one that was traded",
        ));
    }
    if tokens.expires_in == 0 {
        return Err(Mismatch::new("the access token is expired already"));
    }
    Ok(tokens)
}

/// The registration of someone with an e-mail address that nobody has yet.
pub(super) fn register_request(email: String, display_name: &str, role: RegisteredRole) -> Request {
    Request::post_json(
        paths::AUTH_REGISTER,
        &RegisterRequest {
            email,
            password: dataset::PASSWORD.to_owned(),
            display_name: display_name.to_owned(),
            role,
        },
    )
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

/// The login of whoever has that e-mail address.
pub(super) fn login_with(email: String) -> Request {
    Request::post_json(
        paths::AUTH_LOGIN,
        &LoginRequest {
            email,
            password: dataset::PASSWORD.to_owned(),
        },
    )
}

/// The session of whoever has that e-mail address, if the answer is one.
pub(super) fn check_session(reply: &Reply, status: u16, email: &str) -> Result<Session, Mismatch> {
    let session: Session = check::json(reply, status)?;
    if session.user.email != email {
        return Err(Mismatch::new("another user's e-mail"));
    }
    if session.tokens.access_token.is_empty() {
        return Err(Mismatch::new("a token is empty"));
    }
    Ok(session)
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

#[cfg(test)]
mod tests {
    use shared::ids::UserId;

    use super::*;
    use crate::features::scripted::{SentRequest, all_right, iterate, reply, tokens, world};
    use loadgen_engine::sample::Outcome;

    /// What a student sends to a target that gives the `n`-th tokens for the first ones.
    async fn sent(n: u32) -> Vec<SentRequest> {
        let mut student = None;
        let target = |op: &'static str, request: &Request| {
            let user = |n: u32| UserView {
                id: UserId(dataset::id(RowKind::Student, n)),
                email: dataset::student_email(n),
                display_name: "Ada".to_owned(),
                role: Role::Student,
                mentor_id: None,
                grade: None,
            };
            Some(match op {
                "auth.login" => {
                    let asked: LoginRequest = serde_json::from_slice(&request.body).ok()?;
                    let is = |n: &u32| dataset::student_email(*n) == asked.email;
                    let number = (0..world().counts.students).find(is)?;
                    student = Some(number);
                    let session = Session {
                        user: user(number),
                        tokens: tokens(1),
                    };
                    reply(200, &session)
                }
                "auth.me" => reply(200, &user(student?)),
                "auth.refresh" => reply(200, &tokens(n)),
                _ => reply(204, &()),
            })
        };
        iterate("auth.session", &world(), 0, target).await
    }

    #[tokio::test]
    async fn a_session_is_renewed_used_and_ended() {
        let ops = all_right(&sent(2).await);
        let expected = [
            "auth.login",
            "auth.me",
            "auth.refresh",
            "auth.me",
            "auth.logout",
        ];
        assert_eq!(ops, expected);
    }

    #[tokio::test]
    async fn a_refresh_token_that_stays_the_same_is_noticed() {
        let last = sent(1).await.pop();
        assert_eq!(last, Some(("auth.refresh", Some(Outcome::BodyMismatch))));
    }
}
