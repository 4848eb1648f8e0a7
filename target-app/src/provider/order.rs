//! What is asked of a provider, and what it answers.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use shared::{ids::PaymentId, money::Cents};

/// The calls of a provider. Each carries an idempotency key of its payment and its kind, so each
/// may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderCall {
    /// Announces a payment.
    Create,
    /// Takes the money.
    Confirm,
    /// Gives it back.
    Refund,
}

impl ProviderCall {
    /// Every call.
    pub const ALL: [Self; 3] = [Self::Create, Self::Confirm, Self::Refund];

    /// The call in metrics, keys and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Confirm => "confirm",
            Self::Refund => "refund",
        }
    }
}

/// One thing that is asked of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOrder {
    /// What is to be done.
    pub call: ProviderCall,
    /// With which payment.
    pub payment: PaymentId,
    /// The provider's name for it; empty for [`ProviderCall::Create`], which makes it.
    pub reference: String,
    /// The whole of the payment.
    pub amount: Cents,
}

impl ProviderOrder {
    /// The same for every repetition, and for no other order.
    pub fn key(&self) -> String {
        format!("{}-{}", self.payment, self.call.as_str())
    }
}

/// A provider's answer: the order is accepted; how it ends comes by webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderReply {
    /// The provider's name for the payment.
    pub reference: String,
}

/// Why one attempt had no answer.
#[derive(Debug, thiserror::Error)]
#[error("{failure}: {why}")]
pub struct AttemptError {
    /// What it means for a further attempt.
    pub failure: AttemptFailure,
    /// For the log.
    pub why: String,
}

/// What a failed attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptFailure {
    /// Not answered, or answered that it cannot now: it may work later.
    Failing,
    /// The provider rejects the order itself: it will never work.
    Rejected,
}

impl std::fmt::Display for AttemptFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Failing => "the payment provider fails",
            Self::Rejected => "the payment provider rejects the order",
        })
    }
}

/// A way to a payment provider: one attempt, without a deadline of its own.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Sends an order once.
    fn send<'a>(
        &'a self,
        order: &'a ProviderOrder,
    ) -> BoxFuture<'a, Result<ProviderReply, AttemptError>>;
}
