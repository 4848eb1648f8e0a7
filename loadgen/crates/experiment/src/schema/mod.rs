//! The stored types: what `summary.json` holds. Every number that a report prints is here,
//! so that any report can be made again from the folder alone.

mod application;
mod arm_capacities;
mod arm_name;
mod breakdown;
mod capacity;
mod completed;
mod cpu_time;
mod document;
mod fault;
mod flow;
mod growth;
mod measured_figures;
mod parts;
mod percentile;
mod provenance;
mod second;
mod server;
mod summary;
mod unknown_effect;
mod verdict;
mod what_if;
mod why;
mod words;

pub use crate::metric::{MetricId, MetricKind, MetricUnit};
pub use application::{ApplicationArea, ApplicationInfo, Completion};
pub use arm_capacities::{ArmCapacities, ArmCapacity, CapacityFactor, PastCapacity};
pub use arm_name::ArmName;
pub use breakdown::{
    BreakdownFigures, BreakdownLoad, BreakdownTrial, BreakdownWord, CapacityBreakdown,
    PolicyBreakdown, SpikeRecovery,
};
pub use capacity::{
    Capacity, FittedFigure, KneePoint, LoadResult, LoadTrial, LoadUnit, LoadVote, SaturationSign,
    ScalingPoint, ScalingResult, SearchEnding, Soak, TrialPurpose,
};
pub use cpu_time::CpuTime;
pub use document::{Document, DocumentFigures, DocumentPhase};
pub use fault::{FaultRecovery, FaultResult};
pub use flow::FlowIterations;
pub use growth::{Growth, GrowthWord, Resource};
pub use loadgen_engine::threshold::ThresholdWord;
pub use measured_figures::{MeasuredFigure, MeasuredFigures};
pub use percentile::{Percentile, Percentiles};
pub use provenance::{HostInfo, LoadedEndpoint, Program, Provenance};
pub use second::{PooledPercentile, Second};
pub use server::{CacheLookUps, PoolerFigures, ReplicaFigures, Server};
pub use summary::{
    Arm, Consistency, Control, Cost, Effect, EffectDifference, FailureSample, Operation,
    RatioBound, SCHEMA_VERSION, Summary, ThresholdResult, Trial, Validity, ValidityCheck,
};
pub use verdict::{AuditCount, Confidence, Verdict};
pub use what_if::WhatIfCapacity;
pub use why::{Band, Database, Hashing, PlanNode, Recommendation, StatementPlan};
pub use words::{CheckCode, ControlWord, Decision, RunKind, ValidityWord, VerdictWord};
