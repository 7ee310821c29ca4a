//! The HTTPS client of all AWS calls: TLS by ring and the system's roots, proxies from the environment, and a
//! straight way to metadata services.
//!
//! The SDK's own client sends link-local calls through HTTP_PROXY too, where another machine's credentials may
//! answer, or ours be read. Here the host decides: metadata goes straight, whoever asks.

use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;

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

/// A client that uses no proxy.
#[must_use]
pub fn direct() -> SharedHttpClient {
    client(ProxyConfig::disabled())
}

/// A client that obeys the environment's proxies, but for metadata services.
#[must_use]
pub fn from_environment() -> SharedHttpClient {
    if PROXIES.iter().all(|name| std::env::var_os(name).is_none()) {
        return direct();
    }
    let metadata_host = std::env::var(METADATA_ENDPOINT)
        .ok()
        .and_then(|url| url.parse::<http_uri::Uri>().ok())
        .and_then(|uri| uri.host().map(ToOwned::to_owned));
    ByHost {
        direct: direct(),
        proxied: client(ProxyConfig::from_env()),
        metadata_host,
    }
    .into_shared()
}

fn client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(proxy.clone());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

/// Chooses between two clients by the host of each request.
#[derive(Debug)]
struct ByHost {
    direct: SharedHttpClient,
    proxied: SharedHttpClient,
    metadata_host: Option<String>,
}

#[derive(Debug)]
struct ByHostConnector {
    direct: SharedHttpConnector,
    proxied: SharedHttpConnector,
    metadata_host: Option<String>,
}

impl HttpClient for ByHost {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The two clients keep their connections; this pair is two pointers a request.
        ByHostConnector {
            direct: self.direct.http_connector(settings, components),
            proxied: self.proxied.http_connector(settings, components),
            metadata_host: self.metadata_host.clone(),
        }
        .into_shared()
    }
}

impl HttpConnector for ByHostConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if is_metadata(request.uri(), self.metadata_host.as_deref()) {
            self.direct.call(request)
        } else {
            self.proxied.call(request)
        }
    }
}

/// Link-local addresses (EC2 169.254.169.254, ECS 169.254.170.2, EKS 169.254.170.23), EC2's IPv6 prefix
/// fd00:ec2::/32, and the host that the environment names.
fn is_metadata(uri: &str, configured: Option<&str>) -> bool {
    let Some(host) = uri
        .parse::<http_uri::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(ToOwned::to_owned))
    else {
        return false;
    };
    if configured == Some(host.as_str()) {
        return true;
    }
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.segments()[..2] == [0xfd00, 0x0ec2],
        Err(_) => false,
    }
}

/// The one URI type that the SDK uses, under a name that says so.
mod http_uri {
    pub(super) use http::Uri;
}

#[cfg(test)]
mod tests {
    use super::is_metadata;

    #[test]
    fn metadata_goes_straight_and_the_rest_through_the_proxy() {
        for straight in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://127.0.0.1:1338/latest/meta-data/instance-id",
        ] {
            assert!(is_metadata(straight, Some("127.0.0.1")), "{straight}");
        }
        for proxied in [
            "https://monitoring.eu-west-1.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com/",
            "http://10.0.0.1/",
        ] {
            assert!(!is_metadata(proxied, None), "{proxied}");
        }
    }
}
