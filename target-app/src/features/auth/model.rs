//! Types of auth: requests read into checked values, the account as login sees it.

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use shared::{
    api::auth::{LoginRequest, RegisterRequest, Role, UserView},
    ids::{MentorId, UserId},
};
use uuid::Uuid;

use crate::{
    db::DbError,
    error::ApiError,
    text::{one_line, trimmed},
};

/// Attempts at an address that are looked at before it is locked for [`LOCK`]; a success ends the
/// count.
pub(super) const MAX_ATTEMPTS: i32 = 5;
/// How long an address is not looked at.
pub(super) const LOCK: Duration = Duration::seconds(60);
/// How long a refresh token can be traded.
pub(super) const REFRESH_LIFETIME: Duration = Duration::days(30);

/// Longest e-mail in characters (RFC 5321 leaves 254 for an address).
const MAX_EMAIL: usize = 254;
/// Bytes of a password; bcrypt would not read more.
const MAX_PASSWORD_BYTES: usize = 72;
/// Characters of a new password: fewer are guessable.
const MIN_PASSWORD_CHARS: usize = 10;
/// Longest shown name in characters.
const MAX_NAME: usize = 100;

/// A registration whose every field was looked at.
#[derive(Debug, Clone)]
pub(super) struct Registration {
    /// In lower case.
    pub(super) email: String,
    pub(super) password: SecretString,
    pub(super) display_name: String,
    pub(super) role: Role,
}

impl TryFrom<RegisterRequest> for Registration {
    type Error = ApiError;

    fn try_from(request: RegisterRequest) -> Result<Self, ApiError> {
        let password = SecretString::from(request.password);
        if !fits(&password, MIN_PASSWORD_CHARS) {
            return Err(ApiError::invalid(
                "password",
                "10 characters or more and at most 72 bytes, without NUL characters",
            ));
        }
        let name = one_line(&request.display_name, MAX_NAME);
        let Some(display_name) = name.filter(|name| !name.is_empty()) else {
            return Err(ApiError::invalid(
                "display_name",
                "1 to 100 characters on one line",
            ));
        };
        Ok(Self {
            email: email(&request.email)?,
            password,
            display_name: display_name.to_owned(),
            role: request.role.into(),
        })
    }
}

/// The role that a stored word stands for.
pub(super) fn role(word: &str) -> Result<Role, DbError> {
    Role::named(word)
        .ok_or_else(|| DbError::Other(sqlx::Error::Decode(format!("no role `{word}`").into())))
}

/// An attempt to sign in.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// In lower case.
    pub(super) email: String,
    pub(super) password: SecretString,
}

impl TryFrom<LoginRequest> for Attempt {
    type Error = ApiError;

    fn try_from(request: LoginRequest) -> Result<Self, ApiError> {
        let password = SecretString::from(request.password);
        // No account has a password outside of these bounds: refusing it here reveals nothing about
        // an account, and keeps bcrypt from comparing the first 72 bytes only.
        if !fits(&password, 1) {
            return Err(ApiError::invalid(
                "password",
                "1 to 72 bytes, without NUL characters",
            ));
        }
        Ok(Self {
            email: email(&request.email)?,
            password,
        })
    }
}

/// An account as login needs it; without `Debug`, which would show the hash.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) id: UserId,
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) grade: Option<i16>,
    pub(super) is_active: bool,
    pub(super) mentor_id: Option<MentorId>,
    /// A self-describing hash of the password.
    pub(super) hash: String,
}

impl Account {
    /// As the API shows it to its owner.
    pub(super) fn view(&self) -> UserView {
        UserView {
            id: self.id,
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            mentor_id: self.mentor_id,
            grade: self.grade,
        }
    }
}

/// A refresh token as it is stored: its digest, never itself.
#[derive(Debug, Clone)]
pub(super) struct StoredRefresh {
    pub(super) digest: [u8; 32],
    pub(super) family: Uuid,
    pub(super) user: UserId,
    pub(super) expires_at: DateTime<Utc>,
}

/// Whole seconds until `until`, at least one: what `Retry-After` says.
pub(super) fn seconds_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let ms = (until - now).num_milliseconds().max(0);
    (ms as u64).div_ceil(1_000).max(1)
}

/// Reads an e-mail address: `local@domain` in visible ASCII, in lower case.
fn email(sent: &str) -> Result<String, ApiError> {
    // One that is too long is taken for none.
    let text = trimmed(sent, MAX_EMAIL).unwrap_or_default();
    let text = text.to_ascii_lowercase();
    let domain_ok = |domain: &str| {
        !domain.is_empty()
            && domain
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    };
    let well_formed = text.bytes().all(|b| b.is_ascii_graphic())
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.contains('@') && domain_ok(domain)
        });
    if well_formed {
        Ok(text)
    } else {
        Err(ApiError::invalid(
            "email",
            "an address like name@example.org, at most 254 characters",
        ))
    }
}

fn fits(password: &SecretString, fewest_chars: usize) -> bool {
    use secrecy::ExposeSecret as _;
    let password = password.expose_secret();
    let is_long_enough = password.chars().count() >= fewest_chars;
    is_long_enough && password.len() <= MAX_PASSWORD_BYTES && !password.contains('\0')
}

#[cfg(test)]
mod tests {
    use shared::api::auth::RegisteredRole;

    use super::*;

    fn registration() -> RegisterRequest {
        RegisterRequest {
            email: " Ada@Example.ORG ".into(),
            password: "correct horse".into(),
            display_name: " Ada Lovelace ".into(),
            role: RegisteredRole::Student,
        }
    }

    #[test]
    fn every_role_reads_back_from_the_word_it_is_stored_as() {
        for &wanted in Role::ALL {
            assert_eq!(role(wanted.as_str()).unwrap(), wanted);
        }
        assert!(role("owner").is_err());
    }

    #[test]
    fn an_address_is_stored_in_lower_case_and_a_name_without_its_blanks() {
        let read = Registration::try_from(registration()).unwrap();
        assert_eq!(read.email, "ada@example.org");
        assert_eq!(read.display_name, "Ada Lovelace");
    }

    #[test]
    fn an_address_that_no_mail_could_reach_is_refused() {
        let longest = format!("{}@example.org", "a".repeat(MAX_EMAIL - 12));
        assert!(email(&longest).is_ok());
        let long = format!("a{longest}");
        let with_space = format!(" {longest}");
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "a b@c.d",
            "a@.d",
            "a@d.",
            "ä@b.c",
            "a\0@b.c",
            "a@b_c",
            &long,
            &with_space,
        ] {
            assert!(email(text).is_err(), "{text:?}");
        }
        assert!(email("student000001@codeconnect.test").is_ok());
    }

    #[test]
    fn a_password_has_ten_characters_and_at_most_the_bytes_that_bcrypt_reads() {
        for (password, right) in [
            ("123456789".to_owned(), false),
            ("1234567890".to_owned(), true),
            ("ä".repeat(9), false),
            ("ä".repeat(36), true),
            ("ä".repeat(37), false),
            ("12345\u{0}67890".to_owned(), false),
        ] {
            let read = Registration::try_from(RegisterRequest {
                password: password.clone(),
                ..registration()
            });
            assert_eq!(read.is_ok(), right, "{password:?}");
        }
    }

    #[test]
    fn a_person_without_a_name_cannot_register() {
        for name in ["", "   ", "a\nb", &"x".repeat(101)] {
            let nameless = RegisterRequest {
                display_name: name.into(),
                ..registration()
            };
            assert!(Registration::try_from(nameless).is_err(), "{name:?}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let read = Registration::try_from(registration()).unwrap();
        assert!(!format!("{read:?}").contains("horse"));
    }

    #[test]
    fn retry_after_rounds_up_so_that_waiting_it_out_is_enough() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(seconds_until(now + Duration::milliseconds(1_001), now), 2);
        assert_eq!(seconds_until(now, now), 1);
        assert_eq!(seconds_until(now - LOCK, now), 1);
    }
}
