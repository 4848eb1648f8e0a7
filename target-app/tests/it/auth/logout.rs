//! Ending a sign-in.

use shared::{
    api::auth::{Session, TokenPair},
    dataset::{PASSWORD, student_email},
    problem::Code,
};

use crate::support::TestApp;

#[tokio::test]
async fn after_signing_out_no_token_of_that_sign_in_can_be_traded() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let session: Session = anyone.login(&student_email(50), PASSWORD).await.ok();
    let other: Session = anyone.login(&student_email(50), PASSWORD).await.ok();
    let next: TokenPair = anyone.refresh(&session.tokens.refresh_token).await.ok();
    let answer = anyone.logout(&next.refresh_token).await;
    assert_eq!((answer.status, answer.text()), (204, String::new()));
    anyone
        .refresh(&next.refresh_token)
        .await
        .refused(Code::Unauthenticated);
    anyone
        .refresh(&other.tokens.refresh_token)
        .await
        .ok::<TokenPair>();
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn signing_out_twice_or_with_an_unknown_token_does_no_harm() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let session: Session = anyone.login(&student_email(51), PASSWORD).await.ok();
    for token in [
        &session.tokens.refresh_token,
        &session.tokens.refresh_token,
        "unknown",
    ] {
        assert_eq!(anyone.logout(token).await.status, 204);
    }
    app.finish().await;
}
