//! Header names.

/// Makes a repeated request have one effect.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Names a request in logs and problem bodies.
pub const REQUEST_ID: &str = "x-request-id";
/// What the server spent on a request.
pub const SERVER_TIMING: &str = "server-timing";
/// Signs a webhook of the payment provider: `t=SECONDS,v1=HEX`.
pub const PAYMENT_SIGNATURE: &str = "payment-signature";
/// Authorizes requests to the control plane.
pub const LAB_TOKEN: &str = "x-lab-token";
