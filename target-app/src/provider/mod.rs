//! The payment provider: what is asked of it, how a failing one is handled, the signature of its
//! webhooks, and a provider that takes no money for development, tests and load.

mod breaker;
mod calls;
mod client;
pub mod fake;
mod order;
mod signature;

pub use breaker::{Breaker, BreakerState};
pub use calls::{Provider, ProviderError};
pub use client::HttpProvider;
pub use order::{
    AttemptError, AttemptFailure, PaymentProvider, ProviderCall, ProviderOrder, ProviderReply,
};
pub use signature::{TOLERANCE, WebhookKey};
