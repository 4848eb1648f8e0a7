//! What payments share between their requests, made before the first of them: the way to the provider, and
//! the key of its webhooks.

use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use shared::paths;

use crate::{
    feature::Surroundings,
    provider::{HttpProvider, Provider, WebhookKey, fake::FakeProvider},
    registry::FeatureParts,
};

/// What payments share.
pub struct PaymentServices {
    /// Takes the money.
    pub provider: Provider,
    /// Checks its webhooks.
    pub webhooks: WebhookKey,
    /// Time between two rounds of the worker.
    pub interval: Duration,
}

/// Finds the way to the provider: the one elsewhere, or one that runs inside of this process.
pub(super) async fn prepare(
    around: &Surroundings<'_>,
    parts: &mut FeatureParts,
) -> Result<(), String> {
    let settings = &around.config.payments;
    let webhooks = WebhookKey::new(&settings.webhook_secret);
    let url = if let Some(url) = &settings.provider_url {
        url.clone()
    } else {
        let inside = run_inside(around, webhooks.clone()).await;
        inside.map_err(|error| failed(&error))?
    };
    let way = HttpProvider::new(&url).map_err(|error| failed(&error))?;
    parts.put(PaymentServices {
        provider: Provider::new(way),
        webhooks,
        interval: settings.interval,
    });
    Ok(())
}

fn failed(error: &dyn Error) -> String {
    format!("the payment provider: {error}")
}

/// Runs a provider that takes no money until the end of the process; returns where it listens.
async fn run_inside(around: &Surroundings<'_>, key: WebhookKey) -> io::Result<String> {
    let host = match around.address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let here = SocketAddr::new(host, around.address.port());
    let fake = FakeProvider::bind(
        (Ipv4Addr::LOCALHOST, 0).into(),
        format!("http://{here}{}", paths::PAYMENT_WEBHOOK),
        key,
        around.clock.clone(),
        around.config.payments.behaviour.clone(),
        around.shutdown.token().clone(),
    )
    .await?;
    let url = format!("http://{}", fake.address());
    around.shutdown.tracker().spawn(fake.run());
    Ok(url)
}
