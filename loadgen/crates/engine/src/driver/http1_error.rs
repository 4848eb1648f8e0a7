//! Why an exchange over HTTP/1.1 failed.

use std::io;

use httparse::Error as Parse;

/// Why there is no whole response. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum Http1Error {
    /// The other side closed the connection.
    #[error("the server closed the connection before the response was complete")]
    Closed,
    /// The connection failed.
    #[error("{0}")]
    Io(io::Error),
    /// The head has too many lines or bytes.
    #[error("the head of the response is too long")]
    HeadTooLong,
    /// The status is none.
    #[error("the status of the response is not a number from 100 to 999")]
    Status,
    /// Something that HTTP does not allow, in a few words.
    #[error("the response is not valid HTTP/1.1: {0}")]
    Invalid(&'static str),
}

impl From<io::Error> for Http1Error {
    fn from(error: io::Error) -> Self {
        // TLS reports an end without its own closing as this kind.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Closed;
        }
        Self::Io(error)
    }
}

impl From<Parse> for Http1Error {
    fn from(error: Parse) -> Self {
        match error {
            Parse::TooManyHeaders => Self::HeadTooLong,
            Parse::Status => Self::Status,
            Parse::HeaderName => Self::Invalid("a header name"),
            Parse::HeaderValue => Self::Invalid("a header value"),
            Parse::NewLine => Self::Invalid("a line end"),
            Parse::Token => Self::Invalid("a status line"),
            Parse::Version => Self::Invalid("its version"),
        }
    }
}

impl Http1Error {
    /// Whether the other side closed the connection.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Io(error) => is_closing(error),
            Self::HeadTooLong | Self::Status | Self::Invalid(_) => false,
        }
    }

    /// Whether what came is not HTTP/1.1.
    pub(super) fn is_parse(&self) -> bool {
        matches!(self, Self::HeadTooLong | Self::Status | Self::Invalid(_))
    }
}

/// Whether an error of a socket means that the other side closed it.
pub(super) fn is_closing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}
