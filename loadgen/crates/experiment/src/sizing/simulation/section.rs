//! What a plan says of its simulation. It holds no number: figures are named by their ids.

use schemars::JsonSchema;
use serde::Serialize;

/// The simulation of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct PlanSimulation {
    /// The run that the model is fitted to.
    pub fitted: String,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// Runs that it was not fitted to, with the error in each.
    pub checks: Vec<SimulationCheck>,
    /// Id of the largest of these errors; absent without a check.
    pub error: Option<String>,
    /// What these errors say of the projections, in a sentence.
    pub trust: String,
    /// More instances before one database.
    pub instances: Vec<InstanceProjection>,
    /// From where the database is the limit, in a sentence; absent where no instance was simulated.
    pub limit: Option<String>,
    /// Many times the users of the plan.
    pub scales: Vec<ScaleProjection>,
}

/// A measured configuration that the model was not fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SimulationCheck {
    /// The run and its arm.
    pub of: String,
    /// What it has that the run of the fit has not; what the model cannot know is said to be so.
    pub differs: Vec<String>,
    /// The percentile that its response times are of: `p95`.
    pub percentile: String,
    /// Id of the measured rate of correct answers.
    pub rate: String,
    /// Id of the simulated one.
    pub simulated_rate: String,
    /// Id of the error of that.
    pub rate_error: String,
    /// Id of the measured response time at that percentile.
    pub response: String,
    /// Id of the simulated one; absent where the model calls the load too high.
    pub simulated_response: Option<String>,
    /// Id of the error of that.
    pub response_error: Option<String>,
}

/// So many instances before one database.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct InstanceProjection {
    /// How many.
    pub instances: String,
    /// Id of the rate that they sustain within the SLO.
    pub rate: String,
    /// Id of the response time at that rate, at the percentile of the SLO.
    pub response: String,
    /// Id of the use of the database's processors at that rate.
    pub database: String,
    /// The resource that is used most at that rate.
    pub most_used: String,
}

/// So many times the users of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScaleProjection {
    /// How many times.
    pub times: String,
    /// Id of the users; absent where their number is not known.
    pub users: Option<String>,
    /// Id of the rate in the busiest minute.
    pub rate: String,
    /// Id of the instances.
    pub instances: String,
    /// Id of the cores that the database needs.
    pub database_cores: String,
    /// Id of the databases that the load must be divided among.
    pub databases: String,
    /// Id of the response time of one such part, at the percentile of the SLO; absent where it was not
    /// simulated.
    pub response: Option<String>,
    /// What it means, in a sentence.
    pub said: String,
}
