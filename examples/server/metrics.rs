//! `GET /metrics`: what is measured, in Prometheus' text format.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use clap::Args;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Extensions, HeaderValue, Method, Response, StatusCode};
use ipnet::IpNet;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use scim_service::oauth::PeerAddress;
use scim_service::observe::ClientAddress;
use superset_mapping::RuleSet;
use tokio::time::interval;

use crate::listen::network;

/// The upper ends of the buckets of durations, in seconds: from what a read in memory takes to what a client waits for.
const DURATIONS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Those of the numbers of writes in a batch.
const BATCHES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// How often single durations are put into their buckets, so that they take no memory however seldom somebody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// The text format, in the version that Prometheus asks for.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

/// Flags that say whether the server measures, and for whom.
#[derive(Args, Clone, Debug, Default)]
pub struct MetricsFlags {
    /// Serve what is measured at /metrics, in Prometheus' text format, to the programs of this machine alone
    #[arg(long)]
    metrics: bool,
    /// Address or network that may connect and read /metrics too; may be given several times. With the address of a proxy in it,
    /// everybody who comes by the proxy may
    #[arg(long, value_name = "NETWORK", value_parser = network, requires = "metrics")]
    metrics_from: Vec<IpNet>,
    /// What knows the protected roles, whose grants are counted by themselves
    #[arg(skip)]
    pub rules: Option<Arc<RuleSet>>,
    /// What is asked for its state whenever somebody reads the metrics
    #[arg(skip)]
    pub probes: Probes,
}

/// What is asked for its state whenever somebody reads the metrics.
#[derive(Clone, Default)]
pub struct Probes(Arc<Mutex<Vec<Probe>>>);

type Probe = Box<dyn Fn() + Send + Sync>;

impl Probes {
    /// Asks `probe` too.
    pub fn add(&self, probe: impl Fn() + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(probe));
    }

    fn ask(&self) {
        for probe in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            probe();
        }
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}

impl MetricsFlags {
    /// Whether the server measures.
    pub fn are_on(&self) -> bool {
        self.metrics
    }

    /// Measures from now on, where the flags say so, and gives what serves `/metrics`. A process measures once.
    ///
    /// # Errors
    ///
    /// The process has another recorder.
    pub fn start(&self) -> Result<Router, Box<dyn Error>> {
        if !self.metrics {
            return Ok(Router::new());
        }
        let recorder = PrometheusBuilder::new()
            .with_recommended_naming(true)
            .set_buckets_for_metric(Matcher::Suffix("duration".to_owned()), &DURATIONS)?
            .set_buckets_for_metric(Matcher::Full("scim.batch.writes".to_owned()), &BATCHES)?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
        superset_mapping::metrics::describe();
        tokio::spawn(upkeep(handle.clone()));
        Ok(self.router(handle))
    }

    fn router(&self, handle: PrometheusHandle) -> Router {
        let flags = self.clone();
        let answer = move |request: Request| {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let response = if is_read && flags.admit(request.extensions()) {
                flags.probes.ask();
                shown(handle.render())
            } else {
                not_found()
            };
            async move { response }
        };
        Router::new().route("/metrics", any(answer))
    }

    /// Whether a request may read what is measured, by the address at the other end of its connection. Nobody else learns that there
    /// is anything.
    fn admit(&self, extensions: &Extensions) -> bool {
        // It is there where the peer is the client itself, not a proxy.
        let is_local = extensions.get::<PeerAddress>().is_some_and(|peer| peer.ip().is_loopback());
        let from = |address: IpAddr| self.metrics_from.iter().any(|network| network.contains(&address));
        is_local || extensions.get::<ClientAddress>().is_some_and(|client| from(client.ip()))
    }
}

async fn upkeep(handle: PrometheusHandle) {
    let mut period = interval(UPKEEP);
    loop {
        period.tick().await;
        handle.run_upkeep();
    }
}

fn shown(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn not_found() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        metrics: MetricsFlags,
    }

    /// Whether a client at this address may read; `peer` says whether that is the other end of the connection.
    fn admits(flags: &[&str], client: &str, peer: bool) -> bool {
        let flags = Program::parse_from([&["program", "--metrics"], flags].concat()).metrics;
        let address: IpAddr = client.parse().unwrap();
        let mut extensions = Extensions::new();
        extensions.insert(ClientAddress::from(address));
        if peer {
            extensions.insert(PeerAddress::from(address));
        }
        flags.admit(&extensions)
    }

    #[test]
    fn metrics_are_for_this_machine_and_whom_the_flags_name() {
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(admits(&[], local, true), "{local}");
            assert!(!admits(&[], local, false), "{local}: a proxy on this machine stands for strangers");
        }
        assert!(!admits(&[], "192.0.2.1", true));
        let from = ["--metrics-from", "192.0.2.0/24", "--metrics-from", "2001:db8::1"];
        for (address, expected) in
            [("192.0.2.1", true), ("192.0.3.1", false), ("2001:db8::1", true), ("::ffff:192.0.2.9", true)]
        {
            assert_eq!(admits(&from, address, true), expected, "{address}");
            assert_eq!(admits(&from, address, false), expected, "{address}");
        }
        assert!(Program::try_parse_from(["program", "--metrics-from", "192.0.2.0/24"]).is_err());
    }
}
