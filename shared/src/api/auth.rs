//! Accounts and tokens.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MentorId, UserId},
    words::words,
};

words! {
    /// What a person may do.
    Role {
        /// Books lessons.
        Student = "student",
        /// Gives lessons.
        Mentor = "mentor",
        /// Looks after students.
        Parent = "parent",
        /// Runs the platform.
        Admin = "admin",
    }
}

words! {
    /// The role of a person who registers; administrators are not made there.
    RegisteredRole {
        /// Books lessons.
        Student = "student",
        /// Gives lessons.
        Mentor = "mentor",
        /// Looks after students.
        Parent = "parent",
    }
}

impl From<RegisteredRole> for Role {
    fn from(role: RegisteredRole) -> Self {
        match role {
            RegisteredRole::Student => Self::Student,
            RegisteredRole::Mentor => Self::Mentor,
            RegisteredRole::Parent => Self::Parent,
        }
    }
}

/// Body of register.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// Unique, compared without regard to case; at most 254 characters.
    #[cfg_attr(feature = "openapi", schema(format = "email", max_length = 254))]
    pub email: String,
    /// At least 10 characters and at most 72 bytes (the limit of bcrypt).
    #[cfg_attr(feature = "openapi", schema(min_length = 10, max_length = 72))]
    pub password: String,
    /// 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub display_name: String,
    /// What the person may do.
    pub role: RegisteredRole,
}

/// Body of login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The account's e-mail.
    #[cfg_attr(feature = "openapi", schema(format = "email", max_length = 254))]
    pub email: String,
    /// Its password, 1 to 72 bytes.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 72))]
    pub password: String,
}

/// Body of refresh and logout.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The token that login or the last refresh gave.
    pub refresh_token: String,
}

/// A short-lived access token and the refresh token that replaces both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenPair {
    /// Goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// Good for one refresh.
    pub refresh_token: String,
}

/// A person as the API shows them to themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserView {
    /// The account's id.
    pub id: UserId,
    /// The account's e-mail, in lower case.
    pub email: String,
    /// Shown to others.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Their mentor profile, if they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentor_id: Option<MentorId>,
    /// A student's school grade, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<i16>,
}

/// Answer of register and login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Who signed in.
    pub user: UserView,
    /// What proves it from now on.
    pub tokens: TokenPair,
}
