//! What happens to a participant whose account is deactivated while the class is live.

use shared::api::{
    sessions::{JoinGrant, RelayFrame, SignalFrame},
    socket::close,
};

use super::step::{join, met, participants};
use crate::support::{SignalEnd, TestApp};

/// Waits at most ten seconds, as long as the API says that it takes.
#[tokio::test]
async fn the_socket_of_a_deactivated_participant_is_closed_and_the_other_one_stays() {
    let app = TestApp::start().await;
    let (student, _) = participants(&app, 2);
    let (live, mut students, mut mentors) = met(&app, 2).await;
    let grant: JoinGrant = join(&student, live.id).await.ok();
    app.db
        .execute(&format!(
            "update app_user set is_active = false where id = '{}'",
            student.id
        ))
        .await;
    let (code, reason) = students.closed_because().await;
    assert_eq!(code, close::REVOKED);
    assert_eq!(reason, "the account is not active any more");
    let left = RelayFrame::PeerLeft { peer: student.id };
    assert_eq!(mentors.hear().await, left);
    // A token that was given before opens nothing now.
    let refused = SignalEnd::try_open(app.address, &grant.url).await;
    assert_eq!(refused.err(), Some(401));
    mentors.signal(&SignalFrame::Ping { nonce: 1 }).await;
    assert_eq!(mentors.hear().await, RelayFrame::Pong { nonce: 1 });
    app.finish().await;
}
