//! One end of a chat socket.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use http::header;
use shared::{
    api::chat::{ChatMessage, ClientFrame, ServerFrame},
    ids::RoomId,
    paths,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

/// Longest wait for a frame, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// One end of a chat socket.
pub(crate) struct ChatSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl ChatSocket {
    /// Opens a socket with an access token.
    pub(crate) async fn open(address: SocketAddr, token: &str) -> Self {
        Self::try_open(address, "", Some(token)).await.unwrap()
    }

    /// The same with the token in the query, or without one; a refusal is its status.
    pub(crate) async fn try_open(
        address: SocketAddr,
        query: &str,
        token: Option<&str>,
    ) -> Result<Self, u16> {
        let url = format!("ws://{address}{}{query}", paths::CHAT_SOCKET);
        let mut request = url.into_client_request().unwrap();
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Says a frame.
    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        let text = serde_json::to_string(frame).unwrap();
        self.raw(Message::text(text)).await;
    }

    /// Says anything.
    pub(crate) async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Whatever comes next on the wire.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next())
            .await
            .expect("the server says something in time")
    }

    /// The server's next frame.
    pub(crate) async fn hear(&mut self) -> ServerFrame {
        loop {
            match self.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame was expected, not {other:?}"),
            }
        }
    }

    /// The code with which the server ends it; what it says before is passed over.
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
                    panic!("it ended without a word")
                }
                Some(Ok(_)) => {}
            }
        }
    }

    /// Fails if the server says anything for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        let quiet = Duration::from_millis(200);
        if let Ok(frame) = timeout(quiet, self.hear()).await {
            panic!("nothing was expected, not {frame:?}");
        }
    }

    /// Joins a room; the number of its last message.
    pub(crate) async fn join(&mut self, room: RoomId, after_seq: Option<i64>) -> i64 {
        self.say(&ClientFrame::Join { room, after_seq }).await;
        match self.hear().await {
            ServerFrame::Joined { room: at, last_seq } if at == room => last_seq,
            other => panic!("the room was not joined: {other:?}"),
        }
    }

    /// Asks for a message to be stored.
    pub(crate) async fn send(&mut self, room: RoomId, client_id: &str, text: &str) {
        self.say(&ClientFrame::Send {
            room,
            client_id: client_id.to_owned(),
            text: text.to_owned(),
        })
        .await;
    }

    /// The next frame, which must be a message.
    pub(crate) async fn hear_message(&mut self) -> ChatMessage {
        match self.hear().await {
            ServerFrame::Message(message) => message,
            other => panic!("a message was expected, not {other:?}"),
        }
    }

    /// Sends and hears until it is acknowledged; its number, and the messages heard meanwhile.
    pub(crate) async fn send_and_hear(
        &mut self,
        room: RoomId,
        client_id: &str,
        text: &str,
    ) -> (i64, Vec<ChatMessage>) {
        self.send(room, client_id, text).await;
        let mut heard = Vec::new();
        loop {
            match self.hear().await {
                ServerFrame::Message(message) => heard.push(message),
                ServerFrame::Ack {
                    client_id: name,
                    seq,
                    ..
                } if name == client_id => return (seq, heard),
                other => panic!("an answer to {client_id} was expected, not {other:?}"),
            }
        }
    }

    /// Leaves without a word, as a lost connection does.
    pub(crate) fn drop_connection(self) {
        drop(self.0);
    }
}
