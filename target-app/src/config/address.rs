//! Addresses of PostgreSQL and Redis, which may hold passwords, as the libraries below read them.

use secrecy::{ExposeSecret as _, SecretString};
use shared::address;

use super::ConfigError;

/// The address of PostgreSQL, with a host where it has none.
pub(super) fn postgres(url: &SecretString) -> Result<SecretString, ConfigError> {
    let address = address::postgres(url.expose_secret()).map_err(ConfigError::Value)?;
    Ok(address.into_owned().into())
}

/// The address of Redis.
pub(super) fn redis(url: SecretString) -> Result<SecretString, ConfigError> {
    address::redis(url.expose_secret()).map_err(ConfigError::Value)?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_host_is_one_that_the_driver_reads() {
        let socket = "postgres://u:p@/db?host=/run/postgresql".to_owned();
        let read = postgres(&socket.into()).unwrap();
        let options: sqlx::postgres::PgConnectOptions = read.expose_secret().parse().unwrap();
        assert_eq!(options.get_database(), Some("db"));
        assert!(postgres(&"mysql://u:p@h/db".to_owned().into()).is_err());
    }

    #[test]
    fn an_address_of_redis_stays_as_it_is_and_one_over_tls_is_refused() {
        let read = redis("redis://:pw@h:6379/0".to_owned().into()).unwrap();
        assert_eq!(read.expose_secret(), "redis://:pw@h:6379/0");
        assert!(redis("rediss://h".to_owned().into()).is_err());
    }
}
