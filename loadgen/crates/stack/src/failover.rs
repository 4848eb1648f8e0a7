//! Failing over: the primary ends at once and for good, its replica becomes the primary, and what led to
//! the one leads to the other. Before the next trial the stack gets a primary and a replica back.

use std::mem;

use super::{error::StackError, postgres::Postgres, replica::ReplicaServer, start::Stack};

impl Stack {
    /// Ends the primary as a crash does, lets the replica replay all that it has received and take its
    /// place, and leads the target there. From then on the stack has no replica.
    pub(super) fn fail_over(&mut self) -> Result<(), StackError> {
        let servers = self.postgres.as_mut().zip(self.replica.as_mut());
        let (primary, replica) = servers
            .filter(|_| !self.failed_over)
            .ok_or(StackError::Lacks("replica"))?;
        // Without it nothing would find the new primary.
        self.links.postgres()?;
        primary.end_at_once();
        replica.promote(&self.supervisor, &self.stack_folder)?;
        // Before anything can be written there.
        self.stack_folder.note_promotion()?;
        change_places(primary, replica);
        self.failed_over = true;
        self.links.postgres()?.lead_to(primary.port);
        Ok(())
    }

    /// Brings back what a fault of an earlier trial has used up: after a failover the data of the new
    /// primary is moved to where that of the first one was, and a new replica is copied from it, both at
    /// their addresses of the beginning. Blocks.
    pub fn restore(&mut self) -> Result<(), StackError> {
        let servers = self.postgres.as_mut().zip(self.replica.as_mut());
        let Some((primary, replica)) = servers.filter(|_| self.failed_over) else {
            return Ok(());
        };
        if self.disk.is_some() {
            return Err(StackError::NotRestored);
        }
        change_places(primary, replica);
        replica.shut_down();
        self.stack_folder.take_promoted()?;
        primary.start_again(&self.supervisor)?;
        replica.copy_anew(&self.supervisor, &self.stack_folder, primary)?;
        self.links.postgres()?.lead_to(primary.port);
        self.failed_over = false;
        Ok(())
    }
}

/// Processes and ports of both: whoever asks for the primary finds the other server.
fn change_places(primary: &mut Postgres, replica: &mut ReplicaServer) {
    mem::swap(&mut primary.process, &mut replica.process);
    mem::swap(&mut primary.port, &mut replica.port);
}
