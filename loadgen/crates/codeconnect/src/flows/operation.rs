//! An operation as a feature declares it: a static, numbered when the catalogue is made, so that
//! adding one changes no other file.

use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use loadgen_engine::{
    flow::{Access, OperationDescriptor},
    sample::OpId,
};

/// One operation of a feature.
#[derive(Debug)]
pub struct Op {
    descriptor: OperationDescriptor,
    number: AtomicU16,
}

impl Op {
    /// An operation that is a `GET`.
    pub const fn get(name: &'static str) -> Self {
        Self::new(name, Some("GET"), Access::Read)
    }

    /// An operation that is a `POST` and may change something.
    pub const fn post(name: &'static str) -> Self {
        Self::new(name, Some("POST"), Access::Write)
    }

    /// An operation that is a `PUT` and may change something.
    pub const fn put(name: &'static str) -> Self {
        Self::new(name, Some("PUT"), Access::Write)
    }

    /// An operation that is a `PATCH` and may change something.
    pub const fn patch(name: &'static str) -> Self {
        Self::new(name, Some("PATCH"), Access::Write)
    }

    /// A message over a socket, a query of the database, or the opening of a connection for either.
    pub const fn message(name: &'static str, access: Access) -> Self {
        Self::new(name, None, access)
    }

    const fn new(name: &'static str, method: Option<&'static str>, access: Access) -> Self {
        Self {
            descriptor: OperationDescriptor {
                name,
                method,
                access,
            },
            number: AtomicU16::new(u16::MAX),
        }
    }

    /// What is known of it.
    pub const fn descriptor(&self) -> OperationDescriptor {
        self.descriptor
    }

    /// Its number; that of no operation until the catalogue is made.
    pub fn id(&self) -> OpId {
        OpId(self.number.load(Relaxed))
    }

    /// Gives it its number: always the same one, its place in the catalogue.
    pub(crate) fn number(&self, number: u16) {
        self.number.store(number, Relaxed);
    }
}
