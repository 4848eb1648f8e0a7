//! The reference backend as trials see it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, try_join_all};
use shared::{
    api::lab::{Explanation, ProfileView},
    profile::{Pagination, Profile, ReadSource},
    snapshot::Snapshot,
};
use tokio::sync::Mutex;

use super::{
    all_instances,
    application::{CodeConnect, profile},
    facts::SystemFacts,
    instances::together,
    lab_client::{LabClient, LabError},
    prepared::{Prepared, encoding, in_force, rows},
    sessions::{Sessions, SignInError, StaffCount},
};
use crate::{
    database::{DatabaseTarget, SeededDatabaseError},
    features::{self, mentors},
    flows::World,
};
use loadgen_engine::schedule::LoadShare;
use loadgen_experiment::system::{
    Application, Endpoints, PrepareRequest, PreparedSystem, SystemError, SystemUnderTest,
};

/// Who is signed in for flows of the staff: few, for each costs a password hash, and the two mentors with
/// the fullest calendars among them.
const STAFF: StaffCount = StaffCount {
    mentors: 8,
    admins: 2,
};

/// A running reference backend: one process or several that share database and cache.
#[derive(Debug)]
pub struct CodeConnectSystem {
    /// The control plane of each process.
    labs: Vec<LabClient>,
    /// Where load goes.
    endpoints: Endpoints,
    /// Signed in once and kept from trial to trial.
    sessions: Mutex<Sessions>,
    /// Where the database is, and how many connections its users share.
    database: Option<(String, Option<u32>)>,
    /// The part of the load that this process generates, and what is known of the backend without its
    /// control plane; absent for a process that generates all of it.
    part: Option<(LoadShare, SystemFacts)>,
}

impl CodeConnectSystem {
    /// The backend whose load goes to these endpoints and whose processes are those: the same, or behind
    /// a balancer. Without a token nothing in it can be reset, switched, observed or audited.
    pub fn behind(
        endpoints: Endpoints,
        instances: &Endpoints,
        token: Option<&str>,
    ) -> Result<Self, LabError> {
        let labs = instances
            .iter()
            .map(|endpoint| LabClient::new(endpoint, token.map(str::to_owned)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            labs,
            endpoints,
            sessions: Mutex::default(),
            database: None,
            part: None,
        })
    }

    /// The same backend for a process that generates a part of the load: `facts` is what the process with
    /// the control plane gave as [`SystemUnderTest::facts`].
    pub fn in_part(mut self, share: LoadShare, facts: &str) -> Result<Self, SystemError> {
        let facts = serde_json::from_str(facts).map_err(|error| {
            SystemError::Failed(format!(
                "what is said of the target cannot be read: {error}"
            ))
        })?;
        self.part = Some((share, facts));
        Ok(self)
    }

    /// The same backend with the address of its database, for flows that go straight to it over one
    /// connection a user or over a pool.
    #[must_use]
    pub fn with_database(mut self, url: &str, pool: Option<u32>) -> Self {
        self.database = Some((url.to_owned(), pool));
        self
    }

    /// The database for flows that go straight to it.
    async fn database(
        &self,
        request: &PrepareRequest<'_>,
        nonce: u64,
        warnings: &mut Vec<String>,
    ) -> Result<Option<DatabaseTarget>, SystemError> {
        let direct: Vec<&str> = request
            .flows
            .iter()
            .filter(|flow| features::needs_database(flow))
            .map(String::as_str)
            .collect();
        if direct.is_empty() {
            return Ok(None);
        }
        let failed = |why: SeededDatabaseError| SystemError::Failed(why.to_string());
        if let Some((url, pool)) = &self.database {
            let options = DatabaseTarget::options(url).map_err(failed)?;
            let target = DatabaseTarget::open(options, *pool, nonce).await;
            return target.map(Some).map_err(failed);
        }
        let why = format!(
            "{} goes straight to the database of the target, whose address is not known",
            direct.join(", ")
        );
        if direct.len() == request.flows.len() {
            return Err(SystemError::Failed(format!(
                "{why}: omit --target to use an own stack, or use `loadgen db --db URL`"
            )));
        }
        warnings.push(format!("{why}: nothing was sent of it"));
        Ok(None)
    }

    /// The control plane of each process.
    pub fn labs(&self) -> &[LabClient] {
        &self.labs
    }

    /// The process that is asked for what all of them share: data, accounts, audit and plans.
    fn lab(&self) -> &LabClient {
        // There are as many as instances, and of those at least one.
        &self.labs[0]
    }

    /// What flows know of a target of that profile; `view` is what its control plane says, where it is asked.
    fn world(
        &self,
        sessions: &Sessions,
        asked: &Profile,
        view: Option<&ProfileView>,
        flows: &[String],
        nonce: u64,
    ) -> World {
        let part = self.part.as_ref();
        let scale = match part {
            Some((_, facts)) => facts.scale.as_deref(),
            None => view.and_then(|view| view.scale.as_deref()),
        };
        let fresh = part.map_or(view.is_some(), |(_, facts)| facts.fresh);
        let mut world = World::new(rows(scale), sessions.accounts().to_vec(), nonce, fresh);
        world.share = part.map_or(LoadShare::WHOLE, |(share, _)| *share);
        world.mentor_accounts = sessions.mentors().to_vec();
        world.admin_accounts = sessions.admins().to_vec();
        // What is reset has the profile. Where nothing is, nobody knows where reads go, or how pages are found.
        if fresh {
            world.reads_may_be_old = asked.db_reads == ReadSource::Replica;
            world.pushes = asked.notifications_write.is_on();
            world.pages_may_shift = asked.mentors_pagination == Pagination::Offset
                && flows.iter().any(|flow| mentors::changes_list(flow));
        }
        world
    }

    async fn prepare(
        &self,
        request: PrepareRequest<'_>,
    ) -> Result<Arc<dyn PreparedSystem>, SystemError> {
        let (mut warnings, mut renewal) = (Vec::new(), None);
        let mut sessions = self.sessions.lock().await;
        let catalog = features::catalog();
        let needs_sessions = request
            .flows
            .iter()
            .filter_map(|name| catalog.flow(name))
            .any(|flow| flow.needs_sessions);
        if needs_sessions {
            (request.stage)("sign in");
            let needs_staff = |flow: &String| features::needs_staff(flow);
            let staff = if request.flows.iter().any(needs_staff) {
                STAFF
            } else {
                StaffCount::default()
            };
            sessions
                .ensure(self.lab(), request.accounts, staff, request.planned)
                .await?;
            if let Some(lifetime) = sessions.too_short_for(request.planned) {
                warnings.push(format!(
                    "the target's tokens live for {} s and end before a trial does: accounts are signed in again while it runs",
                    lifetime.as_secs()
                ));
                renewal = Some(sessions.renew(self.lab().clone()));
            }
        }
        let asked = profile(request.settings).map_err(SystemError::Failed)?;
        // Without a token nothing can be reset or checked: the trial runs on what is there.
        let view = if self.lab().has_token() {
            (request.stage)("reset");
            Some(all_instances::reset(&self.labs, &asked).await?)
        } else {
            None
        };
        let nonce = uuid::Uuid::new_v4().as_u64_pair().0;
        let mut world = self.world(&sessions, &asked, view.as_ref(), request.flows, nonce);
        world.database = self.database(&request, nonce, &mut warnings).await?;
        Ok(Arc::new(Prepared {
            labs: self.labs.clone(),
            fingerprint: view.as_ref().map(|view| view.fingerprint.clone()),
            in_force: view.as_ref().map(in_force),
            encoding: encoding(asked.http_compression),
            world: Arc::new(world),
            warnings,
            _renewal: renewal,
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
        self.lab().has_token()
    }

    fn facts(&self) -> BoxFuture<'_, Result<String, SystemError>> {
        Box::pin(async {
            let fresh = self.has_control_plane();
            let scale = if fresh {
                self.lab().profile().await?.scale
            } else {
                None
            };
            serde_json::to_string(&SystemFacts { scale, fresh })
                .map_err(|error| SystemError::Failed(error.to_string()))
        })
    }

    fn prepare<'a>(
        &'a self,
        request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>> {
        Box::pin(self.prepare(request))
    }

    fn observe(&self) -> BoxFuture<'_, Option<Snapshot>> {
        Box::pin(async {
            if !self.has_control_plane() {
                return None;
            }
            // Without one of them the sums would step back.
            let asked = try_join_all(self.labs.iter().map(LabClient::telemetry));
            together(asked.await.ok()?)
        })
    }

    fn explain<'a>(
        &'a self,
        operation: &'a str,
    ) -> BoxFuture<'a, Result<Option<Explanation>, SystemError>> {
        Box::pin(async move {
            match self.lab().explain(operation).await {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A backend whose control plane this process does not ask.
    fn system() -> CodeConnectSystem {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let endpoints = Endpoints::one(nowhere.into());
        CodeConnectSystem::behind(endpoints.clone(), &endpoints, None).unwrap()
    }

    /// What flows of that process know, where the profile has this setting.
    fn world(system: &CodeConnectSystem, setting: &str) -> World {
        world_of(system, setting, &["mentors.browse"])
    }

    fn world_of(system: &CodeConnectSystem, setting: &str, flows: &[&str]) -> World {
        let mut asked = Profile::after();
        asked.apply(setting).unwrap();
        let flows: Vec<String> = flows.iter().map(|one| (*one).to_owned()).collect();
        system.world(&Sessions::default(), &asked, None, &flows, 1)
    }

    /// A process that generates a part of the load.
    fn in_part(fresh: bool) -> CodeConnectSystem {
        let facts = serde_json::to_string(&SystemFacts { scale: None, fresh }).unwrap();
        let share = LoadShare::new(1, 2).unwrap();
        system().in_part(share, &facts).unwrap()
    }

    #[test]
    fn a_part_of_a_load_knows_of_the_profile_what_the_process_with_the_control_plane_does() {
        let (reset, left) = (in_part(true), in_part(false));
        assert!(world(&reset, "db.reads=replica").reads_may_be_old);
        assert!(!world(&reset, "db.reads=primary").reads_may_be_old);
        assert!(world(&reset, "notifications.write=on").pushes);
        assert!(!world(&reset, "notifications.write=off").pushes);
        assert_eq!(world(&reset, "db.reads=replica").share.of(), 2);
        // Neither it nor anybody else has put a profile in force.
        for unknown in [left, system()] {
            assert!(!world(&unknown, "db.reads=replica").reads_may_be_old);
            assert!(!world(&unknown, "notifications.write=on").pushes);
        }
    }

    #[test]
    fn pages_may_shift_where_they_are_found_by_offset_and_a_flow_changes_the_list() {
        let may_shift = |pagination: &str, flow: &str| {
            let setting = format!("mentors.pagination={pagination}");
            let flows = ["mentors.browse", flow];
            world_of(&in_part(true), &setting, &flows).pages_may_shift
        };
        for changing in ["mentors.review", "mentors.profile", "mentors.join"] {
            assert!(may_shift("offset", changing), "{changing}");
            assert!(!may_shift("keyset", changing), "{changing}");
        }
        // They change something, and no mentor.
        for other in ["mentors.page_through", "auth.login", "bookings.book"] {
            assert!(!may_shift("offset", other), "{other}");
        }
        let flows = ["mentors.browse", "mentors.review"];
        let unknown = world_of(&system(), "mentors.pagination=offset", &flows);
        assert!(!unknown.pages_may_shift);
    }
}
