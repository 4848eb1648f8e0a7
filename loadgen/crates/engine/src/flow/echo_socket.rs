//! One WebSocket a user, over which a text is sent and awaited unchanged: any server that sends back
//! what it receives can be measured.

use rand::RngExt as _;

use super::{
    catalog::{Access, Catalog, FlowDescriptor, OperationDescriptor, Operations},
    future::FlowFuture,
    iteration::{Flow, Iteration, UserMemory},
};
use crate::{request::Request, sample::OpId};

const NAME: &str = "ws.echo";
const CONNECT: OpId = OpId(0);
const MESSAGE: OpId = OpId(1);

const OPERATIONS: &[OperationDescriptor] = &[
    OperationDescriptor {
        name: "ws.connect",
        method: None,
        access: Access::Read,
    },
    OperationDescriptor {
        // The last word is the one that `ws.delivery` speaks of.
        name: "ws.deliver",
        method: None,
        access: Access::Read,
    },
];

/// The flow of `loadgen ws URL`: opens a socket, sends a text and waits for the same text.
#[derive(Debug, Clone)]
pub struct EchoSocket {
    handshake: Request,
}

impl EchoSocket {
    /// A flow whose sockets begin with this request.
    pub const fn new(handshake: Request) -> Self {
        Self { handshake }
    }

    /// The catalogue that holds this one flow and its operations.
    pub fn catalog() -> Catalog {
        Catalog {
            operations: Operations::new(OPERATIONS),
            flows: vec![FlowDescriptor {
                name: NAME,
                help: "opens a socket, sends a text and waits for the same text",
                operations: vec![CONNECT, MESSAGE],
                needs_sessions: false,
                at_once: 1,
            }],
        }
    }
}

impl Flow for EchoSocket {
    fn name(&self) -> &'static str {
        NAME
    }
    fn operations(&self) -> &[OpId] {
        &[CONNECT, MESSAGE]
    }
    fn new_user(&self) -> UserMemory {
        Box::new(0_u64)
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        FlowFuture::new(async move {
            // A random number, so that no other text is taken for it, not even one of an earlier socket.
            let nonce: u64 = it.rng.random();
            let request = self.handshake.clone();
            if !it.transport.socket_open(CONNECT, request).await {
                return;
            }
            let sent = it
                .memory
                .downcast_mut::<u64>()
                .expect("the memory of this flow's users, made by new_user");
            *sent += 1;
            let text = format!("message {sent} of {} {nonce:016x}", it.user);
            let wanted = text.clone();
            let heard = it
                .transport
                .socket_exchange(&[MESSAGE], Some(text), &mut |text| {
                    // Other texts, like a greeting, are passed over.
                    (text == wanted).then_some((0, Ok(())))
                })
                .await;
            if !heard {
                // What went wrong is recorded; the next message goes over a new socket.
                it.transport.socket_close().await;
            }
        })
    }
}
