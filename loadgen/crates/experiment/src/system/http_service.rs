//! Any service behind a URL, loaded with one flow: no control plane, no switches, no audit.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use loadgen_engine::{
    driver::ClientOptions,
    flow::{Catalog, EchoSocket, Flow, RequestMix, SingleRequest},
};

use super::{
    application::Application,
    settings::Settings,
    under_test::{Endpoints, PrepareRequest, PreparedSystem, SystemError, SystemUnderTest},
};
use crate::{
    metric::{MetricId, OperationFigure},
    schema::ApplicationInfo,
};

/// The description of a service of which only the URL is known.
#[derive(Debug)]
pub struct HttpApplication {
    name: &'static str,
    catalog: Catalog,
}

impl Application for HttpApplication {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }
    fn profile(&self, name: &str) -> Result<Settings, String> {
        Err(format!(
            "there is no profile `{name}`: this service has no switches"
        ))
    }
    fn default_profile(&self) -> Settings {
        Settings::default()
    }
    fn set(&self, _settings: &mut Settings, path: &str, _value: &str) -> Result<(), String> {
        Err(format!(
            "there is no switch `{path}`: this service has none"
        ))
    }
    fn default_primary(&self) -> Vec<MetricId> {
        vec![MetricId::Total(OperationFigure::P97_5)]
    }
    fn info(&self) -> ApplicationInfo {
        ApplicationInfo {
            name: self.name.to_owned(),
            ..ApplicationInfo::default()
        }
    }
}

/// A service that is loaded with one flow.
#[derive(Clone)]
pub struct HttpService {
    application: Arc<HttpApplication>,
    endpoints: Endpoints,
    client: ClientOptions,
    flow: Arc<dyn Flow>,
}

impl HttpService {
    /// The service behind these endpoints; `client` says how to connect, `flow` what to send.
    pub fn new(endpoints: Endpoints, client: ClientOptions, flow: SingleRequest) -> Self {
        let catalog = flow.catalog();
        Self::of("HTTP service", catalog, endpoints, client, Arc::new(flow))
    }

    /// The service behind these endpoints, loaded with two kinds of requests.
    pub fn mix(endpoints: Endpoints, client: ClientOptions, flow: RequestMix) -> Self {
        let catalog = flow.catalog();
        Self::of("HTTP service", catalog, endpoints, client, Arc::new(flow))
    }

    /// A WebSocket server that sends back what it receives.
    pub fn echo(endpoints: Endpoints, client: ClientOptions, flow: EchoSocket) -> Self {
        let catalog = EchoSocket::catalog();
        Self::of(
            "WebSocket service",
            catalog,
            endpoints,
            client,
            Arc::new(flow),
        )
    }

    fn of(
        name: &'static str,
        catalog: Catalog,
        endpoints: Endpoints,
        client: ClientOptions,
        flow: Arc<dyn Flow>,
    ) -> Self {
        Self {
            application: Arc::new(HttpApplication { name, catalog }),
            endpoints,
            client,
            flow,
        }
    }
}

impl fmt::Debug for HttpService {
    // The request may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

impl PreparedSystem for HttpService {
    fn flow(&self, name: &str) -> Option<Arc<dyn Flow>> {
        (name == self.flow.name()).then(|| Arc::clone(&self.flow))
    }
    fn client(&self) -> ClientOptions {
        self.client.clone()
    }
}

impl SystemUnderTest for HttpService {
    fn application(&self) -> &dyn Application {
        self.application.as_ref()
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use loadgen_engine::request::Request;

    use super::*;

    fn endpoints() -> Endpoints {
        Endpoints::one(SocketAddr::from(([127, 0, 0, 1], 80)).into())
    }

    #[test]
    fn a_service_offers_its_one_flow_and_no_switch() {
        let flow = SingleRequest::new(Request::get("/"), None);
        let service = HttpService::new(endpoints(), ClientOptions::default(), flow);
        let catalog = service.application().catalog();
        assert_eq!(catalog.flow_names(), ["http.request"]);
        assert!(service.flow("http.request").is_some());
        assert!(service.flow("orders.buy").is_none());
        let mut settings = Settings::default();
        assert!(
            service
                .application()
                .set(&mut settings, "pool.max", "5")
                .is_err()
        );
        assert!(service.application().profile("after").is_err());
    }

    #[test]
    fn a_mixture_of_requests_is_found_under_the_name_of_a_single_one() {
        let [common, rare] = ["/", "/sum"].map(|path| SingleRequest::new(Request::get(path), None));
        let flow = RequestMix::new(common, vec![rare], 10);
        let service = HttpService::mix(endpoints(), ClientOptions::default(), flow);
        assert_eq!(
            service.application().catalog().flow_names(),
            ["http.request"]
        );
        assert!(service.flow("http.request").is_some());
    }
}
