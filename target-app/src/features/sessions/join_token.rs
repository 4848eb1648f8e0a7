//! Tokens that open the signalling socket: signed, for one person and one session, for a minute.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    api::sessions::JoinGrant,
    ids::{SessionId, UserId},
    paths,
    problem::Code,
};

use crate::{error::ApiError, security::Tokens};

/// How long a token opens the socket.
const LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// What is signed: the socket's path, and whose end of it.
fn signed(session: SessionId, user: UserId) -> String {
    format!("{}#{user}", paths::with_id(paths::SESSION_SIGNAL, session))
}

/// A token of a participant, from now on.
pub(super) fn grant(
    tokens: &Tokens,
    session: SessionId,
    user: UserId,
    now: DateTime<Utc>,
) -> JoinGrant {
    let expires = (now + LIFETIME).timestamp();
    let signature = tokens.sign_path(&signed(session, user), expires);
    let token = format!("{user}.{expires}.{signature}");
    JoinGrant {
        url: format!(
            "{}?join_token={token}",
            paths::with_id(paths::SESSION_SIGNAL, session)
        ),
        token,
        expires_at: DateTime::from_timestamp(expires, 0).unwrap_or_default(),
    }
}

/// Whose end of the session a token opens.
pub(super) fn verify(
    tokens: &Tokens,
    session: SessionId,
    token: Option<&str>,
) -> Result<UserId, ApiError> {
    let refused = |why: &str| ApiError::new(Code::Unauthenticated, why);
    let token = token.ok_or_else(|| refused("send the token of a join as `?join_token=TOKEN`"))?;
    let wrong = || refused("the join token has expired, or is not of this session");
    let mut parts = token.splitn(3, '.');
    let (Some(user), Some(expires), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let user: UserId = user.parse().map_err(|_| wrong())?;
    let expires: i64 = expires.parse().map_err(|_| wrong())?;
    if tokens.check_path(&signed(session, user), expires, signature) {
        Ok(user)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_token_opens_one_end_of_one_session_for_a_minute() {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let secret = "a secret of at least thirty-two bytes".to_owned().into();
        let tokens = Tokens::new(&secret, clock.clone());
        let (ann, bob) = (UserId(uuid::Uuid::nil()), UserId(uuid::Uuid::max()));
        let [one, two] = [1, 2].map(|n| SessionId(uuid::Uuid::from_u128(n)));
        let grant = grant(&tokens, one, ann, clock.now());
        assert!(grant.url.ends_with(&grant.token));
        let read = |session, token: &str| verify(&tokens, session, Some(token)).ok();
        assert_eq!(read(one, &grant.token), Some(ann));
        assert_eq!(read(two, &grant.token), None);
        let of_bob = grant.token.replace(&ann.to_string(), &bob.to_string());
        let longer = grant.token.replace("1800000060", "1800000061");
        for forged in [&of_bob, &longer, "", "a.b.c", "..", &grant.token[1..]] {
            assert_eq!(read(one, forged), None, "{forged}");
        }
        assert!(verify(&tokens, one, None).is_err());
        clock.advance(TimeDelta::seconds(60));
        assert_eq!(read(one, &grant.token), None);
    }
}
