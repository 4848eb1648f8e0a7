//! One end of a signalling socket.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use shared::api::sessions::{RelayFrame, SignalFrame};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

/// Longest wait for a frame, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// One end of a signalling socket.
pub(crate) struct SignalEnd(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl SignalEnd {
    /// Opens the socket of a path and query; a refusal is its status.
    pub(crate) async fn try_open(address: SocketAddr, target: &str) -> Result<Self, u16> {
        match connect_async(format!("ws://{address}{target}")).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Signals to the other end.
    pub(crate) async fn signal(&mut self, frame: &SignalFrame) {
        let text = serde_json::to_string(frame).unwrap();
        self.raw(Message::text(text)).await;
    }

    /// Sends anything.
    pub(crate) async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The server's next frame.
    pub(crate) async fn hear(&mut self) -> RelayFrame {
        loop {
            match self.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame was expected, not {other:?}"),
            }
        }
    }

    /// Fails if the server sends anything for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        let quiet = Duration::from_millis(200);
        if let Ok(frame) = timeout(quiet, self.hear()).await {
            panic!("nothing was expected, not {frame:?}");
        }
    }

    /// The code with which the server ends it; what it sends before is passed over.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.closed_because().await.0
    }

    /// The same with the reason.
    pub(crate) async fn closed_because(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => {
                    panic!("it ended without a code")
                }
                Some(Ok(_)) => {}
            }
        }
    }

    /// Leaves without a close frame, as a lost connection does.
    pub(crate) fn drop_connection(self) {
        drop(self.0);
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next())
            .await
            .expect("the server sends something in time")
    }
}
