//! The ways from the target to PostgreSQL and Redis that faults can be put into: through a proxy, where
//! that was asked for.

use loadgen_engine::suite::DataService;

use super::{
    error::StackError, options::StackOptions, postgres::Postgres, proxy::FaultProxy,
    redis::RedisServer,
};

/// A proxy for each service whose link may be disturbed.
#[derive(Debug)]
pub(super) struct ServiceLinks {
    postgres: Option<FaultProxy>,
    redis: Option<FaultProxy>,
}

impl ServiceLinks {
    /// Starts those that the options ask for, before the services that were started here.
    pub(super) fn start(
        options: &StackOptions,
        postgres: Option<&Postgres>,
        redis: Option<&RedisServer>,
    ) -> Result<Self, StackError> {
        let link = |to: DataService, port: Option<u16>| {
            let mut faults = options.faults.iter();
            port.filter(|_| faults.any(|one| one.link() == Some(to)))
                .map(FaultProxy::start)
                .transpose()
                .map_err(StackError::io("cannot start a proxy"))
        };
        Ok(Self {
            postgres: link(DataService::Postgres, postgres.map(|one| one.port))?,
            redis: link(DataService::Redis, redis.map(|one| one.port))?,
        })
    }

    /// The proxy before a service.
    pub(super) fn to(&self, data: DataService) -> Result<&FaultProxy, StackError> {
        let (link, lacking) = match data {
            DataService::Postgres => (&self.postgres, "proxy before PostgreSQL"),
            DataService::Redis => (&self.redis, "proxy before Redis"),
        };
        link.as_ref().ok_or(StackError::Lacks(lacking))
    }

    /// The proxy before PostgreSQL.
    pub(super) fn postgres(&self) -> Result<&FaultProxy, StackError> {
        self.to(DataService::Postgres)
    }

    /// Where the target finds PostgreSQL.
    pub(super) fn postgres_port(&self, postgres: &Postgres) -> u16 {
        let link = self.postgres.as_ref();
        link.map_or(postgres.port, FaultProxy::port)
    }

    /// Where the target finds Redis.
    pub(super) fn redis_port(&self, redis: &RedisServer) -> u16 {
        let link = self.redis.as_ref();
        link.map_or(redis.port, FaultProxy::port)
    }
}
