//! A request that takes a connection for each of its statements never keeps one while it waits for the next: more
//! requests than the pool has connections are all answered.

use shared::profile::SWITCHES;

use crate::support::{Person, TestApp, together};

#[tokio::test]
async fn twenty_lists_of_recordings_at_once_are_answered_by_the_five_connections_of_before() {
    let mut settings: Vec<String> = SWITCHES
        .iter()
        .map(|switch| format!("{}={}", switch.path, switch.before))
        .collect();
    settings.extend([
        "pool.max=5".to_owned(),
        // As the tests' database has them, and as a busy machine needs it: who waits for ever is refused at last.
        "auth.hash=bcrypt(4)".to_owned(),
        "pool.acquire_timeout=20s".to_owned(),
    ]);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let app = TestApp::with(&settings).start().await;
    let people: Vec<Person> = (1..=20).map(|n| app.student(n)).collect();
    for _ in 0..2 {
        let asked = people.iter().map(|person| person.recordings("per_page=5"));
        for answer in together(asked).await {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    assert_eq!(app.state.engine().db.snapshot().timeouts, 0);
    app.finish().await;
}
