//! Stopping in order, clients that go away in the middle, connections that are lost, and statements that
//! take too long.

mod disconnect;
mod idle_connections;
mod lost_connections;
mod many_disconnects;
mod many_sockets;
mod one_connection;
mod purge;
mod shutdown;
mod slow_clients;
mod small_pool;
mod statement_timeout;
