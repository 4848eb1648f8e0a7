//! Reads an arm of an experiment file: its profile, its switches, and its topology.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::arm_spec::ArmSpec;
use crate::system::Application;
use loadgen_engine::suite::{Topology, load::BadFile};

/// An arm as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArm {
    profile: Option<Spanned<String>>,
    #[serde(default)]
    set: BTreeMap<String, Spanned<String>>,
    topology: Option<Spanned<String>>,
}

/// The arm; `file` is named in errors.
pub(super) fn read_arm(
    raw: &Spanned<RawArm>,
    file: &str,
    application: &dyn Application,
) -> Result<ArmSpec, BadFile> {
    let mut settings = match &raw.value.profile {
        None => application.default_profile(),
        Some(name) => application
            .profile(&name.value)
            .map_err(|why| BadFile::at(file, name.referenced, &why))?,
    };
    for (path, value) in &raw.value.set {
        let place = match value.referenced.line() {
            0 => raw.referenced,
            _ => value.referenced,
        };
        application
            .set(&mut settings, path, &value.value)
            .map_err(|why| BadFile::at(file, place, &why))?;
    }
    let topology = raw.value.topology.as_ref().map(|text| {
        text.value
            .parse::<Topology>()
            .map_err(|why| BadFile::at(file, text.referenced, &why))
    });
    Ok(ArmSpec {
        topology: topology.transpose()?,
        ..ArmSpec::from(settings)
    })
}
