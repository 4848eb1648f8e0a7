//! What is in force, assembled from the owners of the switches.
//!
//! Each switch has one owner: the object that acts on it. The profile as asked for is only
//! compared with what the owners report, never copied into it, so that a switch without an owner
//! has no value in force and shows as a difference.

use std::collections::BTreeMap;

use shared::profile::{OnOff, SwitchReading};
use sqlx::PgPool;

use super::Engine;
use crate::{
    db::{self, DbError},
    seed,
};

/// Who reports a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchOwner {
    /// The options of the connection pool.
    Pool,
    /// PostgreSQL and the driver, on a connection of the pool.
    Connections,
    /// PostgreSQL's catalogue.
    Indexes,
    /// Policies and their indexes in PostgreSQL's catalogue.
    RowSecurity,
    /// Stores, lifetimes and flags of the caches.
    Caches,
    /// The password hasher.
    Hasher,
    /// The admission limiter.
    AdmissionLimiter,
    /// What services and HTTP layers consult.
    Policies,
}

/// What one owner reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerReport {
    /// The owner that was asked.
    pub owner: SwitchOwner,
    /// Its switches with their values.
    pub readings: Vec<SwitchReading>,
}

/// Every switch as its owner reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedValues {
    /// Switch to value.
    pub values: BTreeMap<String, String>,
    /// Switches whose value is not the one asked for, or that no owner reports; then `guard.NAME`
    /// where a guard is not as the booking strategy needs it, and `data.seeded_passwords` where a
    /// seeded hash is not of the scheme of `auth.hash`, because a login costs what the stored hash
    /// costs.
    pub differences: Vec<String>,
}

impl Engine {
    /// Asks every owner. `maintenance` leads to the same database outside of the engine's pool.
    pub async fn owner_reports(&self, maintenance: &PgPool) -> Result<Vec<OwnerReport>, DbError> {
        let report = |owner, readings| OwnerReport { owner, readings };
        Ok(vec![
            report(SwitchOwner::Pool, self.db.readings()),
            report(
                SwitchOwner::Connections,
                db::switch_readings(&self.db).await?,
            ),
            report(
                SwitchOwner::Indexes,
                db::optimizations::readings(maintenance).await?,
            ),
            report(
                SwitchOwner::RowSecurity,
                db::row_security::readings(maintenance).await?,
            ),
            report(SwitchOwner::Caches, self.caches.readings()),
            report(SwitchOwner::Hasher, self.hasher.readings()),
            report(SwitchOwner::AdmissionLimiter, self.admission.readings()),
            report(SwitchOwner::Policies, self.policies.readings()),
        ])
    }

    /// What is in force, and where that is not what was asked for.
    pub async fn in_force(&self, maintenance: &PgPool) -> Result<OwnedValues, DbError> {
        let values: BTreeMap<_, _> = self
            .owner_reports(maintenance)
            .await?
            .into_iter()
            .flat_map(|report| report.readings)
            .map(|reading| (reading.path, reading.value))
            .collect();
        let asked = self.asked();
        let mut differences: Vec<_> = asked
            .values()
            .into_iter()
            .filter(|(path, value)| values.get(path) != Some(value))
            .map(|(path, _)| path)
            .collect();
        let guarded = OnOff::from(!asked.bookings_strategy.is_known_wrong());
        for (guard, state) in db::guards::in_force(maintenance).await? {
            if state != guarded {
                differences.push(format!("guard.{guard}"));
            }
        }
        if seed::credentials::are_stale(maintenance, asked.auth_hash).await? {
            differences.push("data.seeded_passwords".to_owned());
        }
        Ok(OwnedValues {
            values,
            differences,
        })
    }
}
