//! A database of the reference backend without the backend: nothing in it is reset, switched or
//! audited, and it is left as it was found.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::application::CodeConnect;
use crate::{database::DatabaseTarget, features, flows::World};
use loadgen_engine::{driver::Endpoint, flow::Flow};
use loadgen_experiment::system::{
    Application, Endpoints, PrepareRequest, PreparedSystem, Settings, SystemError, SystemUnderTest,
};

/// Limits of what a direct load shows, for the report.
pub const NOT_TESTED: [&str; 2] = [
    "the application in front of the database: its pool, its statements and its caches",
    "the data: nothing was reset before the load or audited after it",
];

/// A seeded database that is loaded directly.
#[derive(Debug, Clone)]
pub struct SeededDatabase {
    endpoints: Endpoints,
    target: DatabaseTarget,
    world: Arc<World>,
}

impl SeededDatabase {
    /// The database, and the address that is shown for it.
    pub fn new(target: DatabaseTarget, endpoint: Endpoint, nonce: u64) -> Self {
        let mut world = World::new(target.counts(), Vec::new(), nonce, false);
        world.database = Some(target.clone());
        Self {
            endpoints: Endpoints::one(endpoint),
            target,
            world: Arc::new(world),
        }
    }

    /// What it is, as it is stored with a run.
    pub fn settings(&self) -> Settings {
        self.target.description().into_iter().collect()
    }

    /// Warnings about what is in force in it.
    pub fn warnings(&self) -> Vec<String> {
        if self.target.is_secured() {
            return Vec::new();
        }
        vec![
            "row-level security is not in force in this database: the statements select the rows of one person themselves; start target-app with db.rls=on to measure its policies".to_owned(),
        ]
    }
}

impl PreparedSystem for SeededDatabase {
    fn flow(&self, name: &str) -> Option<Arc<dyn Flow>> {
        features::needs_database(name)
            .then(|| features::bind(name, &self.world))
            .flatten()
    }
    fn clean_up(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async {
            let removed = self.target.remove_rows().await;
            removed.err().into_iter().collect()
        })
    }
}

impl SystemUnderTest for SeededDatabase {
    fn application(&self) -> &dyn Application {
        &CodeConnect
    }
    fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
    fn prepare<'a>(
        &'a self,
        _request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>> {
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn PreparedSystem>) })
    }
}
