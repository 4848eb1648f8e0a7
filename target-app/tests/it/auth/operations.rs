//! Accounts and tokens in the tests that go through all operations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;
use shared::{
    api::auth::{Role, Session, TokenPair},
    dataset::{PASSWORD, student_email},
    paths,
};
use uuid::Uuid;

use crate::{
    access::{
        operations::{Actor::Anyone, CachedValue, FeatureOperations, SentOperations},
        stage::{RequestParts, Stage},
    },
    support::{Client, TestApp},
};

pub(crate) const OPERATIONS: FeatureOperations = FeatureOperations {
    mutations: &[
        ("auth.login", Anyone, &[]),
        ("auth.logout", Anyone, &[]),
        ("auth.refresh", Anyone, &[]),
        ("auth.register", Anyone, &[]),
    ],
    values,
    request,
    send_all,
    kept_tables: &["app_user", "credential"],
};

fn values(stage: &Stage) -> Vec<CachedValue> {
    let student = Client::clone(&stage.student());
    vec![("account of the student", student, paths::AUTH_ME)]
}

fn request<'a>(stage: &'a Stage, operation: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(async move {
        let email = student_email(stage.student_number);
        match operation {
            "auth.login" => RequestParts::json(json!({"email": email, "password": PASSWORD})),
            "auth.register" => {
                let email = format!("{}@codeconnect.test", Uuid::now_v7());
                RequestParts::json(json!({
                    "email": email, "password": PASSWORD,
                    "display_name": "Ada Stone", "role": "student",
                }))
            }
            "auth.refresh" | "auth.logout" => {
                let signed_in = stage.app.anonymous().login(&email, PASSWORD).await;
                let session: Session = signed_in.ok();
                let token = session.tokens.refresh_token;
                RequestParts::json(json!({"refresh_token": token}))
            }
            _ => RequestParts::default(),
        }
    })
}

fn send_all<'a>(app: &'a TestApp, sent: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(async move {
        let anyone = app.anonymous();
        let email = format!("{}@example.org", Uuid::now_v7());
        let new = anyone.register(&email, "a password of mine", Role::Mentor);
        sent.done("auth.register", new.await);
        let answer = sent.done(
            "auth.login",
            anyone.login(&student_email(1), PASSWORD).await,
        );
        let session: Session = answer.ok();
        let token = &session.tokens.refresh_token;
        let answer = sent.done("auth.refresh", anyone.refresh(token).await);
        let next: TokenPair = answer.ok();
        sent.done("auth.logout", anyone.logout(&next.refresh_token).await);
        sent.done("auth.me", app.student(1).me().await);
    })
}
