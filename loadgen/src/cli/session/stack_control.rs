//! Control over an own stack, for trials.

use std::{collections::BTreeMap, path::Path};

use super::interrupt::CleanupSlot;
use loadgen_engine::suite::FaultKind;
use loadgen_experiment::services::{ProcessInfo, ServiceControl, ServiceError};
use loadgen_stack::{Stack, StackError};

/// Control over an own stack. A stack that is being stopped is left alone.
#[derive(Debug)]
pub(super) struct OwnStackControl(pub(super) CleanupSlot);

impl OwnStackControl {
    fn with_stack(
        &self,
        act: impl FnOnce(&mut Stack) -> Result<(), StackError>,
    ) -> Result<(), ServiceError> {
        let done = match self.0.lock().as_mut() {
            Some(stack) => act(stack),
            None => Err(StackError::Interrupted),
        };
        done.map_err(|error| match error {
            StackError::Interrupted => ServiceError::Interrupted,
            error => ServiceError::Failed(error.to_string()),
        })
    }
}

impl ServiceControl for OwnStackControl {
    fn restart_target(&self) -> Result<(), ServiceError> {
        self.with_stack(Stack::restart_targets)
    }

    fn stop_target(&self) -> Result<(), ServiceError> {
        self.with_stack(|stack| {
            stack.stop_targets();
            Ok(())
        })
    }

    fn start_with(&self, settings: &BTreeMap<String, String>) -> Result<(), ServiceError> {
        let profile = serde_json::to_string(settings)
            .map_err(|error| ServiceError::Failed(error.to_string()))?;
        self.with_stack(|stack| stack.start_with(&profile))
    }

    fn use_program(&self, program: &Path) -> Result<(), ServiceError> {
        self.with_stack(|stack| stack.use_program(program))
    }

    fn begin_fault(&self, fault: FaultKind) -> Result<(), ServiceError> {
        self.with_stack(|stack| stack.begin_fault(fault))
    }

    fn end_fault(&self, fault: FaultKind) -> Result<(), ServiceError> {
        self.with_stack(|stack| stack.end_fault(fault))
    }

    fn restore(&self) -> Result<(), ServiceError> {
        self.with_stack(Stack::restore)
    }

    fn processes(&self) -> Vec<ProcessInfo> {
        let stack = self.0.lock();
        stack.as_ref().map(Stack::processes).unwrap_or_default()
    }
}
