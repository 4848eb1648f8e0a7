//! A way to Redis, to PostgreSQL or to its replica that can be cut or made to stand still while an application uses it.

use std::{net::SocketAddr, str::FromStr as _};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};

use super::services;

/// What happens to bytes on their way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// They wait.
    Stalled,
    /// Connections are closed, new ones refused.
    Cut,
}

/// A way to a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    flow: watch::Sender<Flow>,
    place: watch::Sender<String>,
    /// Counts how often the connections of that moment were abandoned.
    abandoned: watch::Sender<u32>,
}

impl Proxy {
    /// An open way to the tests' Redis.
    pub(crate) async fn to_redis() -> Self {
        let server = services().redis_url;
        let place = server.split_once("://").map_or(&*server, |(_, rest)| rest);
        let place = place.split('/').next().unwrap_or_default();
        let place = place.rsplit('@').next().unwrap_or_default().to_owned();
        let place = if place.contains(':') {
            place
        } else {
            format!("{place}:6379")
        };
        Self::to(place).await
    }

    /// An open way to the tests' PostgreSQL.
    pub(crate) async fn to_primary() -> Self {
        Self::to(place_of(&services().database_url)).await
    }

    /// An open way to the tests' replica of PostgreSQL.
    pub(crate) async fn to_replica() -> Self {
        Self::to(place_of(services().replica_url())).await
    }

    /// Leads new connections to the tests' primary, as if the replica had become it.
    pub(crate) fn promote(&self) {
        self.place.send_replace(place_of(&services().database_url));
    }

    async fn to(place: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (flow, seen) = watch::channel(Flow::Open);
        let (place, led_to) = watch::channel(place);
        let (abandoned, left) = watch::channel(0);
        tokio::spawn(accept(listener, led_to, seen, left));
        Self {
            address,
            flow,
            place,
            abandoned,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every connection and takes no new one.
    pub(crate) fn cut(&self) {
        self.flow.send_replace(Flow::Cut);
    }

    /// Lets nothing through and closes nothing, until it is resumed or cut.
    pub(crate) fn stall(&self) {
        self.flow.send_replace(Flow::Stalled);
    }

    /// Lets nothing through the connections that there are, and tells neither end of them; new ones are open. So it is
    /// where a server is gone with its address.
    pub(crate) fn abandon(&self) {
        self.abandoned.send_modify(|times| *times += 1);
    }

    /// Lets new connections through again, also after a cut; those that stood still are closed.
    pub(crate) fn resume(&self) {
        self.flow.send_replace(Flow::Open);
    }
}

/// Host and port of an address of PostgreSQL.
fn place_of(url: &str) -> String {
    let server = PgConnectOptions::from_str(url).unwrap();
    format!("{}:{}", server.get_host(), server.get_port())
}

async fn accept(
    listener: TcpListener,
    place: watch::Receiver<String>,
    mut flow: watch::Receiver<Flow>,
    left: watch::Receiver<u32>,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = listener;
    loop {
        let for_each = flow.clone();
        let forever = async {
            while let Ok((inner, _)) = listener.accept().await {
                let place = place.borrow().clone();
                let mut left = left.clone();
                left.mark_unchanged();
                tokio::spawn(forward(inner, place, for_each.clone(), left));
            }
        };
        let is_cut = tokio::select! {
            seen = flow.wait_for(|flow| *flow == Flow::Cut) => seen.is_ok(),
            () = forever => false,
        };
        drop(listener);
        // Who connects is refused, and nobody else gets the port meanwhile.
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(address).unwrap();
        if !is_cut || flow.wait_for(|flow| *flow == Flow::Open).await.is_err() {
            return;
        }
        listener = held.listen(1_024).unwrap();
    }
}

async fn forward(
    mut inner: TcpStream,
    place: String,
    mut flow: watch::Receiver<Flow>,
    mut left: watch::Receiver<u32>,
) {
    let Ok(mut outer) = TcpStream::connect(&place).await else {
        return;
    };
    let is_abandoned = tokio::select! {
        _ = flow.wait_for(|flow| *flow != Flow::Open) => false,
        _ = left.changed() => true,
        _ = copy_bidirectional(&mut inner, &mut outer) => return,
    };
    // Both ends stay open until the way is cut, or where it stands still, resumed.
    let ends = |flow: &Flow| *flow == Flow::Cut || (!is_abandoned && *flow == Flow::Open);
    let _ = flow.wait_for(ends).await;
}
