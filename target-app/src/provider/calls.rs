//! Calls to the provider with everything around them: a deadline, a few attempts, the breaker.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use shared::problem::Code;

use super::{
    AttemptError, AttemptFailure, Breaker, BreakerState, PaymentProvider, ProviderOrder,
    ProviderReply,
};
use crate::{chance, error::ApiError, metrics};

/// Longest time for a call, its attempts and pauses together.
const DEADLINE: Duration = Duration::from_secs(5);
/// Longest time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Attempts of one call.
const ATTEMPTS: u32 = 3;
/// Longest pause before the second attempt; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Not asked: it failed too often just now.
    #[error("the payment provider failed too often just now")]
    Open {
        /// When to try again.
        retry_in: Duration,
    },
    /// Asked as often as may be.
    #[error(transparent)]
    Attempt(#[from] AttemptError),
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let retry_in = match &error {
            ProviderError::Open { retry_in } => *retry_in,
            ProviderError::Attempt(attempt) if attempt.failure == AttemptFailure::Rejected => {
                return Self::internal(error);
            }
            ProviderError::Attempt(_) => Duration::from_secs(1),
        };
        Self::new(
            Code::Unavailable,
            "the payment provider does not answer; the booking is kept until its hold expires",
        )
        .retry_after(retry_in.as_secs() + 1)
        .caused_by(error)
    }
}

/// A provider, asked with care; clones share the breaker.
#[derive(Clone)]
pub struct Provider(Arc<ProviderParts>);

struct ProviderParts {
    way: Box<dyn PaymentProvider>,
    breaker: Breaker,
}

impl Provider {
    /// The provider at the end of that way.
    pub fn new(way: impl PaymentProvider) -> Self {
        Self(Arc::new(ProviderParts {
            way: Box::new(way),
            breaker: Breaker::default(),
        }))
    }

    /// Where the breaker stands.
    pub fn breaker(&self) -> BreakerState {
        self.0.breaker.state(Instant::now())
    }

    /// Sends an order. It is repeated while the provider fails: its key gives it one effect.
    pub async fn call(&self, order: &ProviderOrder) -> Result<ProviderReply, ProviderError> {
        let end = Instant::now() + DEADLINE;
        let mut attempts = 1;
        loop {
            let failure = match self.attempt(order).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let is_final = match &failure {
                ProviderError::Open { .. } => true,
                ProviderError::Attempt(attempt) => attempt.failure == AttemptFailure::Rejected,
            };
            let pause = pause(attempts);
            if is_final || attempts == ATTEMPTS || Instant::now() + pause + ATTEMPT > end {
                return Err(failure);
            }
            attempts += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, order: &ProviderOrder) -> Result<ProviderReply, ProviderError> {
        let ProviderParts { way, breaker } = &*self.0;
        let begin = Instant::now();
        let call = order.call.as_str();
        if let Err(retry_in) = breaker.admit(begin) {
            metrics::provider_not_asked(call);
            return Err(ProviderError::Open { retry_in });
        }
        let answer = tokio::time::timeout(ATTEMPT, way.send(order)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(AttemptError {
                failure: AttemptFailure::Failing,
                why: format!("{call} took longer than {ATTEMPT:?}"),
            })
        });
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(error) if error.failure == AttemptFailure::Rejected => "rejected",
            Err(_) => "failed",
        };
        // One that rejects an order is there.
        if outcome == "failed" {
            breaker.failed(Instant::now());
        } else {
            breaker.succeeded();
        }
        metrics::provider_call(call, outcome, begin.elapsed());
        Ok(answer?)
    }
}

/// A random pause after so many attempts: anything up to a limit that doubles ("full jitter", AWS
/// Architecture Blog, 2015).
fn pause(attempts: u32) -> Duration {
    let limit = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    limit.mul_f64(chance::rng().random())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use futures_util::future::BoxFuture;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use shared::{ids::PaymentId, money::Cents};

    use super::{super::ProviderCall, *};

    /// Fails so often, then works.
    struct Flaky {
        failures: u32,
        failure: AttemptFailure,
        asked: Arc<AtomicU32>,
    }

    impl PaymentProvider for Flaky {
        fn send<'a>(
            &'a self,
            order: &'a ProviderOrder,
        ) -> BoxFuture<'a, Result<ProviderReply, AttemptError>> {
            Box::pin(async move {
                if self.asked.fetch_add(1, Relaxed) < self.failures {
                    return Err(AttemptError {
                        failure: self.failure,
                        why: String::new(),
                    });
                }
                Ok(ProviderReply {
                    reference: order.key(),
                })
            })
        }
    }

    fn flaky(failures: u32, failure: AttemptFailure) -> (Provider, Arc<AtomicU32>) {
        let asked = Arc::<AtomicU32>::default();
        let provider = Provider::new(Flaky {
            failures,
            failure,
            asked: Arc::clone(&asked),
        });
        (provider, asked)
    }

    fn order() -> ProviderOrder {
        ProviderOrder {
            call: ProviderCall::Create,
            payment: PaymentId(uuid::Uuid::nil()),
            reference: String::new(),
            amount: Cents(1),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_a_few_times_and_no_more() {
        let (provider, asked) = flaky(2, AttemptFailure::Failing);
        assert!(provider.call(&order()).await.is_ok());
        assert_eq!(asked.load(Relaxed), 3);
        let (provider, asked) = flaky(u32::MAX, AttemptFailure::Failing);
        assert!(provider.call(&order()).await.is_err());
        assert_eq!(asked.load(Relaxed), ATTEMPTS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_is_rejected_is_not_repeated_and_opens_nothing() {
        let (provider, asked) = flaky(u32::MAX, AttemptFailure::Rejected);
        for _ in 0..10 {
            let error = provider.call(&order()).await.unwrap_err();
            assert_eq!(ApiError::from(error).code(), Code::Internal);
        }
        assert_eq!(asked.load(Relaxed), 10);
        assert_eq!(provider.breaker(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_keeps_failing_is_not_asked_any_more() {
        let (provider, asked) = flaky(u32::MAX, AttemptFailure::Failing);
        for _ in 0..10 {
            let error = provider.call(&order()).await.unwrap_err();
            assert_eq!(ApiError::from(error).code(), Code::Unavailable);
        }
        assert_eq!(asked.load(Relaxed), 5);
        assert_eq!(provider.breaker(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_not_made_is_counted_and_is_none_of_the_times_of_attempts() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _local = ::metrics::set_default_local_recorder(&recorder);
        let (provider, asked) = flaky(u32::MAX, AttemptFailure::Failing);
        for _ in 0..10 {
            provider.call(&order()).await.unwrap_err();
        }
        let text = recorder.handle().render();
        let count = |name: &str, labels: &str| -> Option<u32> {
            let line = format!("{name}{{{labels}}} ");
            let value = text.lines().find_map(|one| one.strip_prefix(&*line));
            value.and_then(|value| value.parse().ok())
        };
        let attempts = format!("{}_count", metrics::names::PROVIDER_SECONDS);
        assert_eq!(
            count(&attempts, "call=\"create\""),
            Some(asked.load(Relaxed)),
            "{text}"
        );
        let calls = metrics::names::PROVIDER_CALLS;
        let not_asked = count(calls, "call=\"create\",outcome=\"not_asked\"");
        assert!(not_asked > Some(0), "{text}");
    }
}
