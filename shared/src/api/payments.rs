//! Paying for a booking, and the events that the payment provider sends.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{BookingId, PaymentId},
    money::Cents,
    words::words,
};

/// Longest id of an event, in characters.
pub const MAX_EVENT_ID: usize = 100;

words! {
    /// Where a payment stands. The order is that of their ranks: an event never moves a payment back.
    #[derive(PartialOrd, Ord)]
    PaymentStatus {
        /// Nothing was asked of the student yet.
        Created = "created",
        /// The student has confirmed; the provider has not decided.
        Processing = "processing",
        /// The provider declined; another payment of the booking may be made.
        Failed = "failed",
        /// The money is here, and the booking is paid.
        Captured = "captured",
        /// The money is here and goes back.
        Refunding = "refunding",
        /// The money is back.
        Refunded = "refunded",
    }
}

/// Body of a payment to be; the `Idempotency-Key` header makes a repetition harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    /// Which booking is to be paid.
    pub booking_id: BookingId,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentView {
    /// Which payment.
    pub id: PaymentId,
    /// Of which booking.
    pub booking_id: BookingId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What the booking costs.
    pub amount_cents: Cents,
    /// What was taken from the student.
    pub captured_cents: Cents,
    /// What was given back.
    pub refunded_cents: Cents,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Query of one's own payments, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct PaymentQuery {
    /// 1-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub page: Option<u32>,
    /// Items a page, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub per_page: Option<u32>,
}

words! {
    /// What happened to a payment at the provider.
    PaymentEventKind {
        /// The provider works on it.
        Processing = "processing",
        /// The provider declined.
        Failed = "failed",
        /// The money was taken.
        Captured = "captured",
        /// The money was given back.
        Refunded = "refunded",
    }
}

/// Body of a webhook. The header `payment-signature` signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentEvent {
    /// The provider's id of the event: the same at every delivery.
    #[serde(deserialize_with = "crate::bounds::text")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub id: String,
    /// What happened.
    pub kind: PaymentEventKind,
    /// To which payment.
    pub payment_id: PaymentId,
    /// The amount in question: always the whole of the payment.
    pub amount_cents: Cents,
}

words! {
    /// What an event did.
    EventOutcome {
        /// It moved the payment on.
        Applied = "applied",
        /// It came before: nothing.
        Duplicate = "duplicate",
        /// The payment is further on already: nothing.
        Late = "late",
        /// Its amount is not that of the payment: nothing.
        Mismatch = "mismatch",
    }
}

/// Response to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventReceipt {
    /// What the event did.
    pub outcome: EventOutcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_of_the_statuses_are_in_the_order_of_their_list() {
        assert!(PaymentStatus::ALL.is_sorted());
        for &status in PaymentStatus::ALL {
            let text = serde_json::to_string(&status).unwrap();
            assert_eq!(text, format!("\"{}\"", status.as_str()));
        }
    }

    #[test]
    fn an_event_of_a_provider_that_says_more_is_read() {
        let id = uuid::Uuid::nil();
        let text = format!(
            r#"{{"id":"e1","kind":"captured","payment_id":"{id}","amount_cents":5,"livemode":false}}"#
        );
        let event: PaymentEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(event.kind, PaymentEventKind::Captured);
    }
}
