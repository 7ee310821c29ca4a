//! What every AWS call of ours begins from: region and credentials by the SDK's chain, time-outs always, no retries.

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

use crate::host::http;
use crate::model::chain;

/// Connecting, of which the TLS handshake.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One attempt, credentials and answer included.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The whole call; at the first one reading region and profile too.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);

/// What is told where a deadline came before anything was sent.
pub const NO_CREDENTIALS_IN_TIME: &str = "region or credentials could not be had in time; look at the metadata service or the role's endpoint";

/// There was no connection: nothing of the request was sent.
#[must_use]
pub fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let error = chain::find::<hyper_util::client::legacy::Error>(error);
    error.is_some_and(hyper_util::client::legacy::Error::is_connect)
}

/// Region and credentials by the SDK's chain; this region is put first.
///
/// The SDK reads its profile and token files on this thread: small local files, as a rule. On EC2 there are none.
pub async fn load(region: Option<&str>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http::from_environment())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("fwmetrics") {
        loader = loader.app_name(name);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}
