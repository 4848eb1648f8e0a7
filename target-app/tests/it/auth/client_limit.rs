//! A client that guesses passwords of many accounts is limited by its address, and no other is.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use shared::{
    api::auth::{Role, Session},
    dataset::{PASSWORD, student_email},
    headers::SERVER_TIMING,
    problem::{Code, Problem},
};

use target_app::config::ClientLimits;

use crate::support::{Anonymous, Answer, TestApp, together};

/// Failures that a client may have in one window.
const LIMIT: usize = 1_000;
/// Length of that window.
const WINDOW: Duration = Duration::from_mins(1);
/// Guesses sent at once.
const BATCH: usize = 40;

/// A client of this test alone: the limit is one for the process, and other tests sign in as well.
fn at(app: &TestApp, last: u8) -> Anonymous {
    app.anonymous_at(IpAddr::from([127, 88, 0, last]))
}

fn absent() -> String {
    format!("{}@example.org", uuid::Uuid::now_v7())
}

/// Guesses at one new address after another until the client is limited; the number of guesses
/// that were looked at. A window may end meanwhile on a busy machine.
async fn guess_until_limited(client: &Anonymous) -> usize {
    let mut looked_at = 0;
    while looked_at < 5 * LIMIT {
        let guesses = (0..BATCH).map(|_| async {
            let email = absent();
            client.login(&email, "not the password").await
        });
        let answers = together(guesses).await;
        let limited = answers.iter().any(|answer| answer.status == 429);
        for answer in &answers {
            assert!([401, 429].contains(&answer.status), "{}", answer.text());
        }
        looked_at += answers.iter().filter(|answer| answer.status == 401).count();
        if limited {
            return looked_at;
        }
    }
    panic!("{looked_at} failures of one client are not limited");
}

/// What a client sees of a refusal, its own request's name aside.
fn seen(answer: &Answer) -> (Problem, String) {
    let problem = answer.refused(Code::TooManyAttempts);
    assert!(!answer.headers.contains_key(SERVER_TIMING));
    let problem = Problem {
        request_id: None,
        ..problem
    };
    (problem, answer.header("retry-after").to_owned())
}

#[tokio::test]
async fn guesses_at_many_accounts_limit_their_client_and_no_other() {
    let app = TestApp::start().await;
    let hashes = || app.state.engine().hasher.snapshot().hashes;
    let other = at(&app, 2);
    for last in [1, 5, 6, 7, 8] {
        let guesser = at(&app, last);
        let begun = Instant::now();
        assert!(guess_until_limited(&guesser).await >= LIMIT);

        let before = hashes();
        let mut answers = vec![
            guesser.login(&student_email(30), "not the password").await,
            guesser.login(&absent(), PASSWORD).await,
            guesser.login(&student_email(31), PASSWORD).await,
        ];
        let hashed = hashes() - before;
        // What a client says of itself neither frees it nor limits the one that it names.
        for header in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            for address in ["127.88.0.2", "203.0.113.7", "for=203.0.113.7"] {
                let claims = Anonymous::of(guesser.with_header(header, address));
                answers.push(claims.login(&student_email(32), PASSWORD).await);
            }
            let claims = Anonymous::of(other.with_header(header, &format!("127.88.0.{last}")));
            claims
                .login(&student_email(33), PASSWORD)
                .await
                .ok::<Session>();
        }
        // Where the window ended meanwhile, on a busy machine, another client guesses.
        if begun.elapsed() >= WINDOW && answers.iter().any(|answer| answer.status != 429) {
            continue;
        }
        assert_eq!(hashed, 0);
        let existing = seen(&answers[0]);
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(seen(answer), existing, "{n}");
        }
        other
            .login(&student_email(34), "not the password")
            .await
            .refused(Code::BadCredentials);
        other
            .login(&student_email(35), PASSWORD)
            .await
            .ok::<Session>();
        app.finish().await;
        return;
    }
    panic!("the window of each client ended before the client was looked at");
}

#[tokio::test]
async fn registrations_are_limited_by_their_client_whether_they_succeed_or_not() {
    let app = TestApp::with(&[])
        .with_connections(ClientLimits {
            registrations: 3,
            ..ClientLimits::default()
        })
        .start()
        .await;
    let (many, other) = (at(&app, 3), at(&app, 4));
    let register = async |client: &Anonymous, email: &str, password: &str| {
        client.register(email, password, Role::Student).await
    };
    let (email, password) = (absent(), "a long enough password");
    register(&many, &email, password).await.created::<Session>();
    // No password was hashed for what is refused before.
    register(&many, &absent(), "short")
        .await
        .refused(Code::InvalidRequest);
    for _ in 0..2 {
        register(&many, &email, password)
            .await
            .refused(Code::EmailTaken);
    }
    let before = app.state.engine().hasher.snapshot().hashes;
    let refused = register(&many, &absent(), password).await;
    refused.refused(Code::TooManyAttempts);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(app.state.engine().hasher.snapshot().hashes, before);
    register(&other, &absent(), password)
        .await
        .created::<Session>();
    app.finish().await;
}
