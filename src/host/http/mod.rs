//! The HTTPS client of all AWS calls: TLS by ring and the system's roots, proxies from the environment, a cap on
//! answers, and a straight way to metadata services.
//!
//! The SDK's own client sends link-local calls through HTTP_PROXY too, where another machine's credentials may
//! answer, or ours be read. Here the host decides: metadata and this machine go straight, whoever asks. And it brings
//! HTTP/2, half a megabyte of program for which one call a minute has no use.

mod client;
mod line;
mod roots;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;
use hyper_util::client::proxy::matcher::Matcher;

use client::Client;
pub use roots::CA_BUNDLE;
use roots::Roots;

/// Environment names that point a metadata client elsewhere, and those that name a proxy.
const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];
/// No answer of CloudWatch's, STS's or the metadata service's comes near; an endless one ends here.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A client for the instance metadata service: no proxy, and no certificate is trusted, because it speaks plain HTTP.
#[must_use]
pub fn metadata() -> SharedHttpClient {
    ByHost::direct(Client::new(None, Roots::None).into_shared()).into_shared()
}

/// A client that obeys the environment's proxies, but for metadata services and this machine.
#[must_use]
pub fn from_environment() -> SharedHttpClient {
    let get = |name: &str| std::env::var(name).ok();
    ByHost::of(get, |proxies| {
        Client::new(proxies, Roots::System).into_shared()
    })
    .into_shared()
}

/// A connector for one who signs his own requests, as [`from_environment`]'s; it has this time to connect, and no other
/// time-out: its user has.
#[must_use]
pub fn connector(connect: Duration) -> SharedHttpConnector {
    let get = |name: &str| std::env::var(name).ok();
    let within = (Some(connect), None);
    ByHost::of(get, |proxies| {
        Client::new(proxies, Roots::System).make(within)
    })
    .into_shared()
}

/// Chooses between two clients, or connectors, by the host of each request.
#[derive(Debug)]
struct ByHost<T> {
    straight: T,
    proxied: T,
    metadata_host: Option<String>,
}

impl<T: Clone> ByHost<T> {
    /// One for all.
    fn direct(straight: T) -> Self {
        ByHost {
            proxied: straight.clone(),
            straight,
            metadata_host: None,
        }
    }

    /// As the environment has it: each reads all certificates, so there is a second one only where a proxy is named.
    fn of(get: impl Fn(&str) -> Option<String>, build: impl Fn(Option<Arc<Matcher>>) -> T) -> Self {
        let all = ByHost::direct(build(None));
        if PROXIES.iter().all(|name| get(name).is_none()) {
            return all;
        }
        let metadata = get(METADATA_ENDPOINT).and_then(|url| url.parse::<http::Uri>().ok());
        ByHost {
            proxied: build(Some(Arc::new(Matcher::from_env()))),
            metadata_host: metadata.and_then(|uri| uri.host().map(ToOwned::to_owned)),
            ..all
        }
    }
}

impl HttpClient for ByHost<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The two clients keep their connections; this pair is two pointers a request.
        ByHost {
            straight: self.straight.http_connector(settings, components),
            proxied: self.proxied.http_connector(settings, components),
            metadata_host: self.metadata_host.clone(),
        }
        .into_shared()
    }
}

impl HttpConnector for ByHost<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let straight = goes_straight(request.uri(), self.metadata_host.as_deref());
        let connector = if straight {
            &self.straight
        } else {
            &self.proxied
        };
        let answer = connector.call(request);
        HttpConnectorFuture::new(async move {
            let capped = |body| SdkBody::from_body_1_x(Limited::new(body, ANSWER_BYTES_MAX));
            Ok(answer.await?.map(capped))
        })
    }
}

/// Link-local addresses (EC2 169.254.169.254, ECS 169.254.170.2, EKS 169.254.170.23), EC2's IPv6 prefix
/// fd00:ec2::/32, this machine, and the host that the environment names.
fn goes_straight(uri: &str, configured: Option<&str>) -> bool {
    let uri: Result<http::Uri, _> = uri.parse();
    let Some(host) = uri.as_ref().ok().and_then(http::Uri::host) else {
        return false;
    };
    if configured == Some(host) || host == "localhost" {
        return true;
    }
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => {
            address.segments()[..2] == [0xfd00, 0x0ec2] || address.is_loopback()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ByHost, goes_straight};

    #[test]
    fn a_second_client_is_made_where_a_proxy_is_named_and_goes_by_the_same_rule() {
        let made = |names: &[(&str, &str)]| {
            let get = |name: &str| {
                let found = names.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let count = std::cell::Cell::new(0);
            let pair = ByHost::of(get, |proxies| {
                count.set(count.get() + 1);
                proxies.is_some()
            });
            (count.get(), pair.straight, pair.proxied, pair.metadata_host)
        };
        assert_eq!(made(&[]), (1, false, false, None));
        let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://imds.test:1/");
        let proxied = made(&[("https_proxy", "http://10.0.0.1:3128"), metadata]);
        let host = Some("imds.test".to_owned());
        assert_eq!(proxied, (2, false, true, host));
    }

    #[test]
    fn metadata_goes_straight_and_the_rest_through_the_proxy() {
        for straight in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://127.0.0.1:1338/latest/meta-data/instance-id",
            "http://localhost:1/creds",
            "http://imds.test/latest/api/token",
        ] {
            assert!(goes_straight(straight, Some("imds.test")), "{straight}");
        }
        for proxied in [
            "https://monitoring.eu-west-1.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com/",
            "http://10.0.0.1/",
        ] {
            assert!(!goes_straight(proxied, None), "{proxied}");
        }
    }
}
