//! Faults of a running stack: put into its services by signals, by commands and by the proxies before
//! them, and taken away again.

use super::{
    connection_hold::ConnectionHold,
    error::StackError,
    memory_disk::MemoryDisk,
    postgres::{NAME, Postgres},
    redis::RedisServer,
    start::Stack,
    target::TargetApp,
};
use loadgen_engine::suite::{DataService, FaultKind};

impl Stack {
    /// Puts a fault into a service. One that ends by itself has ended when this returns: the service is
    /// ready again. Blocks.
    pub fn begin_fault(&mut self, fault: FaultKind) -> Result<(), StackError> {
        let supervisor = &self.supervisor;
        match fault {
            FaultKind::Down(DataService::Postgres) => postgres(&mut self.postgres)?.process.kill(),
            FaultKind::Down(DataService::Redis) => redis(&mut self.redis)?.process.kill(),
            FaultKind::Paused(DataService::Postgres) => {
                postgres(&mut self.postgres)?.process.pause()
            }
            FaultKind::Paused(DataService::Redis) => redis(&mut self.redis)?.process.pause(),
            FaultKind::Link(data, link) => {
                self.links.to(data)?.set(Some(link));
                Ok(())
            }
            FaultKind::Restart(DataService::Postgres) => {
                postgres(&mut self.postgres)?.restart(supervisor)
            }
            FaultKind::Restart(DataService::Redis) => redis(&mut self.redis)?.restart(supervisor),
            FaultKind::PostgresKill => postgres(&mut self.postgres)?.crash(supervisor),
            FaultKind::PostgresConnections => {
                let port = postgres(&mut self.postgres)?.port;
                self.hold = Some(ConnectionHold::take_all(port, NAME, supervisor.abort())?);
                Ok(())
            }
            FaultKind::DiskFull => disk(self.disk.as_ref())?.fill(supervisor),
            FaultKind::PostgresFailover => self.fail_over(),
            FaultKind::RedisFull => redis(&mut self.redis)?.limit_memory(true),
            FaultKind::RedisEmpty => redis(&mut self.redis)?.crash(supervisor),
            FaultKind::ReplicaKill => {
                // One that has become the primary is none.
                let replica = self.replica.as_mut().filter(|_| !self.failed_over);
                replica
                    .ok_or(StackError::Lacks("replica"))?
                    .crash(supervisor)
            }
            FaultKind::PoolerKill => {
                let pooler = self.pooler.as_mut();
                pooler
                    .ok_or(StackError::Lacks("PgBouncer"))?
                    .crash(supervisor)
            }
            FaultKind::TargetKill => {
                let mut targets = self.targets.iter_mut();
                targets.try_for_each(|one| one.crash(supervisor))?;
                self.wait_for_balancer()
            }
            FaultKind::TargetRolling => self.roll_targets(),
            FaultKind::InstanceKill => {
                last_instance(&mut self.targets)?.crash(supervisor)?;
                self.wait_for_balancer()
            }
            FaultKind::InstancePaused => last_instance(&mut self.targets)?.process.pause(),
            FaultKind::BalancerKill => {
                let balancer = self.balancer.as_mut();
                balancer.ok_or(NO_BALANCER)?.crash(supervisor)
            }
            FaultKind::BalancerReload => {
                let balancer = self.balancer.as_mut();
                balancer
                    .ok_or(NO_BALANCER)?
                    .reload(supervisor, self.targets.len())
            }
        }
    }

    /// Takes a fault that lasts away again and waits until its service is ready; blocks.
    pub fn end_fault(&mut self, fault: FaultKind) -> Result<(), StackError> {
        let supervisor = &self.supervisor;
        match fault {
            FaultKind::Down(DataService::Postgres) => {
                postgres(&mut self.postgres)?.start_again(supervisor)
            }
            FaultKind::Down(DataService::Redis) => redis(&mut self.redis)?.start_again(supervisor),
            FaultKind::Paused(DataService::Postgres) => {
                postgres(&mut self.postgres)?.process.resume();
                Ok(())
            }
            FaultKind::Paused(DataService::Redis) => {
                redis(&mut self.redis)?.process.resume();
                Ok(())
            }
            FaultKind::Link(data, _) => {
                self.links.to(data)?.set(None);
                Ok(())
            }
            FaultKind::PostgresConnections => {
                self.hold = None;
                Ok(())
            }
            FaultKind::DiskFull => {
                disk(self.disk.as_ref())?.free(supervisor)?;
                postgres(&mut self.postgres)?.recover(supervisor)
            }
            FaultKind::RedisFull => redis(&mut self.redis)?.limit_memory(false),
            FaultKind::InstancePaused => {
                last_instance(&mut self.targets)?.process.resume();
                self.wait_for_balancer()
            }
            FaultKind::Restart(_)
            | FaultKind::PostgresKill
            | FaultKind::PostgresFailover
            | FaultKind::RedisEmpty
            | FaultKind::ReplicaKill
            | FaultKind::PoolerKill
            | FaultKind::TargetKill
            | FaultKind::TargetRolling
            | FaultKind::InstanceKill
            | FaultKind::BalancerKill
            | FaultKind::BalancerReload => Ok(()),
        }
    }
}

/// Of a stack whose target has one instance.
const NO_BALANCER: StackError = StackError::Lacks("balancer");

fn postgres(service: &mut Option<Postgres>) -> Result<&mut Postgres, StackError> {
    service.as_mut().ok_or(StackError::Lacks("PostgreSQL"))
}

fn disk(disk: Option<&MemoryDisk>) -> Result<&MemoryDisk, StackError> {
    disk.ok_or(StackError::Lacks("disk of its own for PostgreSQL"))
}

fn redis(service: &mut Option<RedisServer>) -> Result<&mut RedisServer, StackError> {
    service.as_mut().ok_or(StackError::Lacks("Redis"))
}

/// The last instance, which is the only one where there is one.
fn last_instance(targets: &mut [TargetApp]) -> Result<&mut TargetApp, StackError> {
    targets.last_mut().ok_or(StackError::Lacks("target-app"))
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
