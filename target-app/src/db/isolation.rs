//! What a transaction sees of others.

/// What a transaction sees of others that run beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed when it began; the server's default.
    ReadCommitted,
    /// As if they had run one after another, among those that ask for it: where that cannot be
    /// kept up one of them loses with 40001.
    Serializable,
}

impl Isolation {
    /// The statement with which such a transaction begins.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::ReadCommitted => "begin",
            Self::Serializable => "begin isolation level serializable",
        }
    }
}
