//! The reference backend as trials see it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use shared::{api::lab::Explanation, snapshot::Snapshot};
use tokio::sync::Mutex;

use super::{
    application::{CodeConnect, profile},
    lab_client::{LabClient, LabError},
    prepared::{Prepared, encoding, in_force, mismatches, rows},
    sessions::{Sessions, SignInError},
};
use crate::flows::{self, World};
use loadgen_experiment::system::{
    Application, Endpoints, PrepareRequest, PreparedSystem, SystemError, SystemUnderTest,
};

/// A running reference backend.
#[derive(Debug)]
pub struct CodeConnectSystem {
    lab: LabClient,
    endpoints: Endpoints,
    /// Signed in once and kept from trial to trial.
    sessions: Mutex<Sessions>,
}

impl CodeConnectSystem {
    /// The backend behind these endpoints, with the client of its control plane.
    pub fn new(endpoints: Endpoints, lab: LabClient) -> Self {
        Self {
            lab,
            endpoints,
            sessions: Mutex::default(),
        }
    }

    /// The client of its control plane.
    pub const fn lab(&self) -> &LabClient {
        &self.lab
    }

    async fn prepare(
        &self,
        request: PrepareRequest<'_>,
    ) -> Result<Arc<dyn PreparedSystem>, SystemError> {
        let mut warnings = Vec::new();
        let mut sessions = self.sessions.lock().await;
        let catalog = flows::catalog();
        let needs_sessions = request
            .flows
            .iter()
            .filter_map(|name| catalog.flow(name))
            .any(|flow| flow.needs_sessions);
        if needs_sessions {
            (request.stage)("sign in");
            sessions
                .ensure(&self.lab, request.accounts, request.planned)
                .await?;
            if let Some(lifetime) = sessions.too_short_for(request.planned) {
                warnings.push(format!(
                    "the target's tokens live for {} s, shorter than a trial: requests after that are refused",
                    lifetime.as_secs()
                ));
            }
        }
        let asked = profile(request.settings).map_err(SystemError::Failed)?;
        // Without a token nothing can be reset or checked: the trial runs on what is there.
        let view = if self.lab.has_token() {
            (request.stage)("reset");
            let report = self.lab.reset(&asked).await?;
            let wrong = mismatches(&report.profile, request.settings);
            if !wrong.is_empty() {
                return Err(SystemError::NotInForce(wrong.join("; ")));
            }
            Some(report.profile)
        } else {
            None
        };
        let scale = view.as_ref().and_then(|view| view.scale.as_deref());
        let world = World::new(
            rows(scale),
            sessions.accounts().to_vec(),
            uuid::Uuid::new_v4().as_u64_pair().0,
            view.is_some(),
        );
        Ok(Arc::new(Prepared {
            lab: self.lab.clone(),
            in_force: view.as_ref().map(in_force),
            encoding: encoding(asked.http_compression),
            world: Arc::new(world),
            warnings,
        }))
    }
}

impl SystemUnderTest for CodeConnectSystem {
    fn application(&self) -> &dyn Application {
        &CodeConnect
    }

    fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    fn has_control_plane(&self) -> bool {
        self.lab.has_token()
    }

    fn prepare<'a>(
        &'a self,
        request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>> {
        Box::pin(self.prepare(request))
    }

    fn observe(&self) -> BoxFuture<'_, Option<Snapshot>> {
        Box::pin(async {
            if self.lab.has_token() {
                self.lab.telemetry().await.ok()
            } else {
                None
            }
        })
    }

    fn explain<'a>(
        &'a self,
        operation: &'a str,
    ) -> BoxFuture<'a, Result<Option<Explanation>, SystemError>> {
        Box::pin(async move {
            match self.lab.explain(operation).await {
                Ok(explanation) => Ok(Some(explanation)),
                // An operation that it cannot explain.
                Err(LabError::Refused { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }
}

impl From<LabError> for SystemError {
    fn from(error: LabError) -> Self {
        match error {
            LabError::GeneratorLimit(limit) => Self::GeneratorLimit(limit),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<SignInError> for SystemError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Lab(error) => error.into(),
            error @ SignInError::Login { .. } => Self::Failed(error.to_string()),
        }
    }
}
