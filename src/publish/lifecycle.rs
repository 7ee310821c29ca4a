//! The two calls to Auto Scaling with which a drain ends: RecordLifecycleActionHeartbeat and CompleteLifecycleAction,
//! in its Query protocol, signed by the SDK's own signer.
//!
//! One attempt a call; who asks decides when to ask again. They are made as the instance's own role, not as [cloudwatch]
//! role_arn's: the group is of the instance's account. Why there is no SDK crate for it: see Cargo.toml.

mod endpoint;
mod query;

use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::{DateTime, date_time::Format};
use http_body_util::BodyExt;

use crate::clock;
use crate::host::http;
use crate::model::chain;
use crate::publish::outcome::remedy;
use crate::publish::sdk::{self, CONNECT_TIMEOUT, NO_CREDENTIALS_IN_TIME, OPERATION_TIMEOUT};
use endpoint::{SERVICE, endpoint};
use query::{Answer, form, judge};

const FORM_TYPE: &str = "application/x-www-form-urlencoded";
/// A signature is refused when its clock is 5 minutes off; from here on theirs is taken for right.
const SKEW_SECS: u64 = 4 * 60;
/// Why nobody may be there.
const ENDPOINT_HINT: &str = "; in a private subnet it takes an interface endpoint for autoscaling";

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The hook's timeout begins anew.
    Heartbeat,
    /// The instance may go.
    Complete,
}

impl Call {
    /// Its name in the API and in policies.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Call::Heartbeat => "RecordLifecycleActionHeartbeat",
            Call::Complete => "CompleteLifecycleAction",
        }
    }
}

/// The lifecycle action that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The Auto Scaling group.
    pub group: String,
    /// Its lifecycle hook.
    pub hook: String,
    /// The instance that waits.
    pub instance: String,
    /// The Region that it runs in, and its group with it; `None` where its metadata service did not say so.
    pub region: Option<String>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
    /// Nobody was asked.
    DryRun,
    /// No instance waits at this hook: not yet, or not any more.
    NoAction,
    /// Not allowed, or not as this caller, and what to do about it.
    Denied(String),
    /// Nobody was asked: what is missing for it, and what to do about it.
    Unable(String),
    /// No usable answer, or throttled: to be tried again.
    Failed(String),
    /// No answer, though it may have been sent: done or not; to be tried again.
    Lost(String),
}

/// Where and as whom to call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Region of the metrics: the last resort, where neither the instance nor the SDK's chain (AWS_REGION, profile, this
    /// machine's) has one. The group need not be where its metrics go.
    pub region: Option<String>,
    /// Endpoint; else the environment's, else the region's.
    pub endpoint_url: Option<String>,
}

/// Makes the calls; connects at the first one.
#[derive(Debug)]
pub struct Lifecycle {
    settings: Settings,
    client: Option<Client>,
    /// What their clock is ahead of ours, once it was too far.
    ahead_secs: i64,
    /// The call at hand is signed, and was given to the connection.
    sending: bool,
}

impl Lifecycle {
    /// A caller; opens nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Lifecycle {
            settings,
            client: None,
            ahead_secs: 0,
            sending: false,
        }
    }

    /// One attempt. Ends within 12 s, whatever the other side does.
    pub async fn call(&mut self, call: Call, of: &Waiting) -> Reply {
        self.sending = false;
        let attempt = tokio::time::timeout(OPERATION_TIMEOUT, self.attempt(call, of)).await;
        let reply = attempt.unwrap_or_else(|_| self.timed_out());
        if matches!(reply, Reply::Denied(_)) {
            // Region and endpoint, perhaps; credentials are asked for at each call.
            self.client = None;
        }
        reply
    }

    fn timed_out(&self) -> Reply {
        match self.client.as_ref().filter(|_| self.sending) {
            Some(client) => {
                let secs = OPERATION_TIMEOUT.as_secs();
                Reply::Lost(format!(
                    "no answer within {secs} s from {}{ENDPOINT_HINT}",
                    client.url
                ))
            }
            None => Reply::Failed(NO_CREDENTIALS_IN_TIME.to_owned()),
        }
    }

    async fn attempt(&mut self, call: Call, of: &Waiting) -> Reply {
        let known = of.region.as_deref();
        let same = |client: &&Client| known.is_none_or(|region| region == client.region);
        let client = match self.client.as_ref().filter(same) {
            Some(client) => client.clone(),
            None => match Client::new(&self.settings, known).await {
                Ok(client) => self.client.insert(client).clone(),
                Err(why) => return Reply::Unable(why),
            },
        };
        let request = match client.request(&form(call, of), self.ahead_secs).await {
            Ok(request) => request,
            Err(why) => return Reply::Failed(why),
        };
        self.sending = true;
        let answer = match client.send(request).await {
            Ok(answer) => answer,
            Err(reply) => return reply,
        };
        let reply = judge(call, &answer);
        match (&reply, self.skew(&answer)) {
            (Reply::Denied(why), Some(ahead)) => {
                self.ahead_secs = ahead;
                Reply::Failed(format!("{why}; their clock is {ahead} s ahead of ours"))
            }
            _ => reply,
        }
    }

    /// How far their clock is ahead, where ours is too far off and we do not sign by theirs yet.
    fn skew(&self, answer: &Answer) -> Option<i64> {
        let ahead = answer.date? - clock::now().wall_secs();
        (ahead.abs_diff(self.ahead_secs) >= SKEW_SECS).then_some(ahead)
    }
}

/// Signs and sends.
#[derive(Debug, Clone)]
struct Client {
    connector: SharedHttpConnector,
    credentials: SharedCredentialsProvider,
    region: String,
    url: String,
}

impl Client {
    /// By the SDK's chain, this region first; or what is missing for it.
    async fn new(settings: &Settings, region: Option<&str>) -> Result<Self, String> {
        let mut config = sdk::load(region).await;
        if config.region().is_none() && settings.region.is_some() {
            config = sdk::load(settings.region.as_deref()).await;
        }
        let region = config
            .region()
            .ok_or("set AWS_REGION to the Region of the group")?;
        let region = region.as_ref().to_owned();
        let url = settings.endpoint_url.as_deref();
        let url = endpoint(url, &config, &region, |name| std::env::var(name).ok());
        Ok(Client {
            connector: http::connector(CONNECT_TIMEOUT),
            credentials: credentials(&config)?,
            region,
            url,
        })
    }

    /// The signed request.
    async fn request(&self, form: &str, ahead_secs: i64) -> Result<HttpRequest, String> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| format!("no credentials: {}", chain::of(&error)))?;
        let identity = credentials.into();
        let now_secs = clock::now().wall_secs() + ahead_secs;
        let now = UNIX_EPOCH + Duration::from_secs(u64::try_from(now_secs).unwrap_or_default());
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| chain::of(&error))?
            .into();
        let headers = [("content-type", FORM_TYPE)];
        let body = SignableBody::Bytes(form.as_bytes());
        let signable = SignableRequest::new("POST", &self.url, headers.into_iter(), body);
        let signed = signable.and_then(|request| sign(request, &params));
        let (signature, _) = signed.map_err(|error| chain::of(&error))?.into_parts();
        let request = ::http::Request::post(&self.url)
            .header("content-type", FORM_TYPE)
            .header(
                "user-agent",
                concat!("fwmetrics/", env!("CARGO_PKG_VERSION")),
            )
            .body(SdkBody::from(form));
        let mut request = request.map_err(|error| chain::of(&error))?;
        signature.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| chain::of(&error))
    }

    /// The answer, or what there is in its place.
    async fn send(&self, request: HttpRequest) -> Result<Answer, Reply> {
        let failed = |error: &(dyn Error + 'static)| {
            let why = format!("{} ({})", chain::of(error), self.url);
            match sdk::never_connected(error) {
                true => Reply::Failed(why + ENDPOINT_HINT),
                false => Reply::Lost(why),
            }
        };
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let date = answer.headers().get("date").and_then(http_date);
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| failed(error.as_ref()))?;
        Ok(Answer {
            status,
            date,
            body: body.to_bytes().to_vec(),
        })
    }
}

fn credentials(config: &SdkConfig) -> Result<SharedCredentialsProvider, String> {
    let provider = config.credentials_provider();
    provider.ok_or_else(|| remedy("NoCredentials").to_owned())
}

fn http_date(text: &str) -> Option<i64> {
    Some(DateTime::from_str(text, Format::HttpDate).ok()?.secs())
}

#[cfg(test)]
mod tests;
