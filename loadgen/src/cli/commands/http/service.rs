//! The flags of `loadgen http` as a service under load.

use super::{load, target};
use crate::{
    calibration::login_requests,
    cli::{failure::Failure, flags::HttpArgs},
    library::SourceFile,
};
use loadgen_engine::{
    flow::{RequestMix, SingleRequest},
    suite::Suite,
    threshold::StatusSet,
};
use loadgen_experiment::system::{Endpoints, HttpService, Settings};

/// A URL that accepts connections, with its request and its load.
pub(in crate::cli::commands) struct UrlLoad {
    /// What is sent, and where.
    pub(in crate::cli::commands) service: HttpService,
    /// The load.
    pub(in crate::cli::commands) suite: Suite,
    /// What is stored of the request.
    pub(in crate::cli::commands) settings: Settings,
    /// The same as a file of inputs.
    pub(in crate::cli::commands) source: SourceFile,
}

impl UrlLoad {
    /// Parses the URL, checks the load and connects once.
    pub(in crate::cli::commands) fn of(args: &HttpArgs) -> Result<Self, Failure> {
        let target = target::parse(args)?;
        let request = load::request(args, &target)?;
        let settings = load::settings(args, &request);
        let source = SourceFile {
            name: "request.txt".to_owned(),
            text: load::description(&settings),
        };
        let suite = load::suite(args);
        let flow = SingleRequest::new(request, args.expect.clone());
        load::check(args, &suite, &flow.catalog())?;
        Failure::unless_files_suffice()?;
        let endpoints = Endpoints::one(target.connect()?);
        let service = match args.bench_login_every {
            None => HttpService::new(endpoints, target.client, flow),
            Some(every) => {
                let logins = login_requests().into_iter();
                let logins =
                    logins.map(|login| SingleRequest::new(login, Some(StatusSet::one(200))));
                let mix = RequestMix::new(flow, logins.collect(), every);
                HttpService::mix(endpoints, target.client, mix)
            }
        };
        Ok(Self {
            service,
            suite,
            settings,
            source,
        })
    }
}
