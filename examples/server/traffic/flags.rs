//! The limits, as flags.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use clap::Args;
use clap::builder::TypedValueParser;
use ipnet::IpNet;
use scim_service::traffic::{Rate, TrafficLimits};
use thiserror::Error;

use crate::listen::{ListenFlags, network};
use crate::traffic::forwarded::ForwardedHeader;

/// How much clients may send, and which of them are let in. What is not given is not limited.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Traffic")]
pub struct TrafficFlags {
    /// Requests that each client may send a second; beyond: 429 with `Retry-After`. A bulk request is one. No limit unless given
    #[arg(long, value_name = "REQUESTS", value_parser = number())]
    rate: Option<NonZeroU32>,
    /// Requests that a client may send at once after a pause; as many as `--rate` unless given
    #[arg(long, value_name = "REQUESTS", value_parser = number(), requires = "rate")]
    burst: Option<NonZeroU32>,
    /// Requests that may come from each address a second, or from each /64 network in IPv6, whoever sends them; beyond: 429. No
    /// limit unless given
    #[arg(long, value_name = "REQUESTS", value_parser = number())]
    rate_per_address: Option<NonZeroU32>,
    /// Requests that may come from an address at once after a pause; as many as `--rate-per-address` unless given
    #[arg(long, value_name = "REQUESTS", value_parser = number(), requires = "rate_per_address")]
    burst_per_address: Option<NonZeroU32>,
    /// Wrong credentials that may come from each address a minute; beyond: 429 for all that have to authenticate there, right or
    /// wrong. No limit unless given
    #[arg(long, value_name = "TIMES", value_parser = number())]
    failed_authentications: Option<NonZeroU32>,
    /// Requests of each client at a time; beyond: 429. No limit unless given
    #[arg(long, value_name = "REQUESTS", value_parser = number())]
    concurrency: Option<NonZeroU32>,
    /// Address or network that clients may come from: others get 403 for everything but the health checks. May be given several
    /// times. From everywhere unless given
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    allow: Vec<IpNet>,
    /// Header in which the trusted proxy says whom it got a request from, and which it lets no client set; the other one is ignored.
    /// Without it nobody knows where a client behind a proxy is
    #[arg(long, value_enum, requires = "trusted_proxy")]
    forwarded_header: Option<ForwardedHeader>,
    /// Seconds between SIGTERM, from when on `/health/ready` is 503, and the end of listening, for load balancers to notice
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600))]
    shutdown_delay: u64,
}

/// The most is what [`Rate`] has.
fn number() -> impl TypedValueParser<Value = NonZeroU32> {
    clap::value_parser!(u32).range(1..=1_000_000).map(|number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
}

/// The flags ask about addresses that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "`{flag}` behind `--trusted-proxy`: all clients have the address of the proxy, expected `--forwarded-header` with the header \
     in which the proxy says theirs"
)]
pub struct TrafficError {
    flag: &'static str,
}

impl TrafficFlags {
    /// Checks that addresses are known where the flags ask about them.
    ///
    /// # Errors
    ///
    /// [`TrafficError`] where clients come by a proxy that says nothing of them.
    pub fn check(&self, listen: &ListenFlags) -> Result<(), TrafficError> {
        let asks = [
            ("--rate-per-address", self.rate_per_address.is_some()),
            ("--failed-authentications", self.failed_authentications.is_some()),
            ("--allow", !self.allow.is_empty()),
        ];
        match asks.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) if !listen.trusted_proxy.is_empty() && self.forwarded_header.is_none() => {
                Err(TrafficError { flag })
            }
            _ => Ok(()),
        }
    }

    /// The limits, for the service and for the token endpoint.
    pub fn limits(&self) -> TrafficLimits {
        let with_burst = |rate: NonZeroU32, burst: Option<NonZeroU32>| {
            let rate = Rate::per_second(rate);
            burst.map_or(rate, |burst| rate.with_burst(burst))
        };
        let mut limits = TrafficLimits::new();
        if let Some(rate) = self.rate {
            limits = limits.with_rate_per_client(with_burst(rate, self.burst));
        }
        if let Some(rate) = self.rate_per_address {
            limits = limits.with_rate_per_address(with_burst(rate, self.burst_per_address));
        }
        if let Some(times) = self.failed_authentications {
            limits = limits.with_failed_authentications(Rate::per_minute(times));
        }
        if let Some(requests) = self.concurrency.and_then(|requests| NonZeroUsize::try_from(requests).ok()) {
            limits = limits.with_concurrency_per_client(requests);
        }
        limits
    }

    /// Which clients are let in; all where there is none.
    pub(super) fn allowed(&self) -> &[IpNet] {
        &self.allow
    }

    /// Where the trusted proxies say whom they got a request from.
    pub(super) fn forwarded_header(&self) -> Option<ForwardedHeader> {
        self.forwarded_header
    }

    /// How long the server goes on once it is to stop.
    pub(crate) fn shutdown_delay(&self) -> Duration {
        Duration::from_secs(self.shutdown_delay)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use clap::Parser;
    use http::Request;
    use scim_core::SchemaSet;
    use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};

    use super::*;

    #[derive(Parser)]
    pub(in crate::traffic) struct Program {
        #[command(flatten)]
        pub(in crate::traffic) listen: ListenFlags,
        #[command(flatten)]
        pub(in crate::traffic) traffic: TrafficFlags,
    }

    pub(in crate::traffic) fn parse(flags: &[&str]) -> Result<Program, clap::Error> {
        Program::try_parse_from(std::iter::once(&"program").chain(flags))
    }

    /// How many of so many requests are served, with this token.
    async fn served(flags: &[&str], token: &str) -> [usize; 3] {
        let config = ServiceConfig::new("https://example.com").unwrap();
        let tokens = BearerTokens::new().with_token("right", Principal::new("okta")).unwrap();
        let limits = parse(flags).unwrap().traffic.limits();
        let service =
            ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens).with_traffic_limits(limits);
        let mut counts = [0; 3];
        let mut under_way = Vec::new();
        for _ in 0..20 {
            let request = Request::get("https://example.com/Users").header("authorization", format!("Bearer {token}"));
            let parts = request.body(Bytes::new()).unwrap().into_parts().0;
            match service.admit(parts).await {
                Ok(admitted) => {
                    counts[0] += 1;
                    under_way.push(admitted);
                }
                Err(response) if response.status() == 429 => counts[1] += 1,
                Err(_) => counts[2] += 1,
            }
        }
        counts
    }

    #[tokio::test]
    async fn e21_i5_every_limit_has_a_flag_and_none_without() {
        assert_eq!(served(&[], "right").await, [20, 0, 0]);
        assert_eq!(served(&[], "wrong").await, [0, 0, 20]);
        // Rates are so low that nothing is gained while the test runs.
        assert_eq!(served(&["--rate", "1"], "right").await, [1, 19, 0]);
        assert_eq!(served(&["--rate", "1", "--burst", "5"], "right").await, [5, 15, 0]);
        assert_eq!(served(&["--rate-per-address", "1"], "wrong").await, [0, 19, 1]);
        assert_eq!(served(&["--rate-per-address", "1", "--burst-per-address", "6"], "right").await, [6, 14, 0]);
        assert_eq!(served(&["--failed-authentications", "7"], "wrong").await, [0, 13, 7]);
        assert_eq!(served(&["--concurrency", "8"], "right").await, [8, 12, 0]);
    }

    #[test]
    fn flags_that_mean_nothing_are_refused() {
        for flags in [
            &["--rate", "0"][..],
            &["--rate", "1000001"],
            &["--burst", "5"],
            &["--burst-per-address", "5"],
            &["--forwarded-header", "forwarded"],
            &["--forwarded-header", "x-real-ip", "--trusted-proxy", "10.0.0.1"],
            &["--allow", "example.com"],
            &["--shutdown-delay", "3601"],
        ] {
            assert!(parse(flags).is_err(), "{flags:?}");
        }
        for flags in [["--rate-per-address", "5"], ["--failed-authentications", "5"], ["--allow", "192.0.2.0/24"]] {
            let check = |more: &[&str]| {
                let Program { listen, traffic } = parse(&[&flags, more].concat()).unwrap();
                traffic.check(&listen)
            };
            assert_eq!(check(&[]), Ok(()));
            let error = check(&["--trusted-proxy", "10.0.0.1"]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{}` behind", flags[0])), "{error}");
            assert_eq!(check(&["--trusted-proxy", "10.0.0.1", "--forwarded-header", "x-forwarded-for"]), Ok(()));
        }
    }
}
