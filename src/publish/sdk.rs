//! What every AWS call of ours begins from: region and credentials by the SDK's chain, time-outs always, no retries.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

use crate::host::http;

/// Connecting, of which the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One attempt, credentials and answer included.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The whole call; at the first one reading region and profile too.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);

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
