//! A shop whose trials are programmed, for tests of what follows from a trial: nothing is sent, and a trial is over at
//! once. The machine is not judged: the load seems to have been in 1970, when nothing was observed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use futures_util::future::BoxFuture;
use loadgen_engine::{
    aggregator::TrialData,
    driver::{DriverOptions, DriverSetup},
    flow::{Flow, SingleRequest},
    recorder::{Shard, Window},
    request::Request,
    sample::{OpId, Sample},
    units::Nanos,
};
use tokio_util::sync::CancellationToken;

use super::{GeneratedLoad, GeneratedPart, LoadSource, LoadSourceError, TestEnv};
use crate::{
    events::{LoadControl, Publisher},
    schema::{CheckCode, Validity, ValidityCheck, ValidityWord},
    system::{
        Application, Endpoints, PrepareRequest, PreparedSystem, Shop, SystemError, SystemUnderTest,
    },
};

/// Iterations of each trial, of one request each.
const REQUESTS: u64 = 1_000;

/// The first trials end with these words, the others are VALID.
pub(crate) fn scripted_env(words: &[ValidityWord]) -> TestEnv {
    let endpoint = std::net::SocketAddr::from(([127, 0, 0, 1], 80)).into();
    let system = Arc::new(ScriptedShop(Endpoints::one(endpoint)));
    let load_control = LoadControl::new(CancellationToken::new());
    TestEnv {
        load: Arc::new(ScriptedLoad(Mutex::new(words.to_vec().into()))),
        ..TestEnv::of(system, Publisher::silent(), load_control)
    }
}

#[derive(Debug, Clone)]
struct ScriptedShop(Endpoints);

impl PreparedSystem for ScriptedShop {
    fn flow(&self, _name: &str) -> Option<Arc<dyn Flow>> {
        Some(Arc::new(SingleRequest::new(Request::get("/"), None)))
    }
}

impl SystemUnderTest for ScriptedShop {
    fn application(&self) -> &dyn Application {
        &Shop
    }
    fn endpoints(&self) -> &Endpoints {
        &self.0
    }
    fn prepare<'a>(
        &'a self,
        _request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>> {
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn PreparedSystem>) })
    }
}

/// The words of the trials that are still to come.
#[derive(Debug)]
struct ScriptedLoad(Mutex<VecDeque<ValidityWord>>);

impl LoadSource for ScriptedLoad {
    fn generate(
        &self,
        _setup: DriverSetup,
        _options: DriverOptions,
    ) -> Result<GeneratedLoad, LoadSourceError> {
        let word = self.0.lock().unwrap().pop_front().unwrap_or_default();
        let part = GeneratedPart {
            label: "script".to_owned(),
            validity: Validity {
                word,
                checks: vec![ValidityCheck {
                    code: CheckCode::Lag,
                    ok: word == ValidityWord::Valid,
                    figure: String::new(),
                    limit: String::new(),
                    advice: String::new(),
                }],
            },
            record: String::new(),
        };
        Ok(GeneratedLoad {
            parts: vec![part],
            ..GeneratedLoad::here(data())
        })
    }
}

/// A second in which every request was answered in five milliseconds.
fn data() -> TrialData {
    let window = Window {
        from: Nanos(0),
        to: Nanos::from_secs(1),
    };
    let op = OpId(0);
    let mut shard = Shard::new(window, &[op], Nanos::from_secs(10));
    for number in 0..REQUESTS {
        let intended = Nanos::from_millis(number);
        shard.begin(op, intended);
        let done = intended + Nanos::from_millis(5);
        shard.settle(&Sample::answered(intended, done), None);
    }
    let mut data = TrialData::from_shards(SystemTime::UNIX_EPOCH, window, vec![shard]);
    (data.emitted, data.planned_arrivals) = (REQUESTS, REQUESTS);
    data
}
