//! The only file that names the AWS SDK for sending.
//!
//! One attempt per call, but for credentials that ran out: the queue in `agent/core` is the only retry policy. Time-outs are always set; the SDK's
//! defaults have none, and a server that accepts and never answers would hold a call for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_sdk_cloudwatch::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudwatch::types::{Dimension as WireDimension, MetricDatum, StandardUnit};

use crate::clock;
use crate::host::http;
use crate::model::chain;
use crate::model::datum::Datum;
use crate::publish::batch::Batch;
use crate::publish::outcome::{Answer, Outcome, Stage, is_expired, of_error, of_stage};
use crate::publish::retry_after;
use crate::publish::sdk::{self, ATTEMPT_TIMEOUT, NO_CREDENTIALS_IN_TIME, OPERATION_TIMEOUT};
use crate::publish::settings::CloudWatchSettings;
use crate::publish::size::Form;

/// From here on the SDK takes a refused signature for one of a wrong clock (aws-runtime 1.10.2, service_clock_skew.rs,
/// SKEW_DETECTION_THRESHOLD).
const SKEW_SECS: u64 = 4 * 60;

/// Sends batches; connects when the first one comes.
#[derive(Debug)]
pub struct CloudWatch {
    settings: CloudWatchSettings,
    client: Option<Client>,
    /// The last answer refused us and taught the client CloudWatch's clock.
    taught: bool,
    seen: Arc<Mutex<Seen>>,
}

/// What the interceptor saw of the last response.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// The request was built and signed, and handed to the connection.
    transmitting: bool,
    /// The `Date`, whoever wrote it.
    date: Option<i64>,
    retry_after: Option<Duration>,
    speaks_cbor: bool,
}

impl CloudWatch {
    /// A sender; opens nothing yet.
    #[must_use]
    pub fn new(settings: CloudWatchSettings) -> Self {
        CloudWatch {
            settings,
            client: None,
            taught: false,
            seen: Arc::default(),
        }
    }

    /// One attempt to send this batch; two where the credentials ran out that an earlier one left. Ends within 24 s,
    /// whatever the other side does; one attempt ends within 12 s.
    pub async fn send(&mut self, batch: &Batch) -> Answer {
        let remembered = self.client.is_some();
        let answer = self.attempt_in_time(batch).await;
        if answer.outcome != Outcome::Denied {
            return answer;
        }
        // Denied for what the client remembers, perhaps: credentials, a revoked metadata token, an old profile, a clock
        // it learnt from a wrong Date. The next attempt starts from nothing.
        self.client = None;
        if !(remembered && is_expired(&answer.code)) {
            return answer;
        }
        let answer = self.attempt_in_time(batch).await;
        if answer.outcome == Outcome::Denied {
            self.client = None;
        }
        answer
    }

    async fn attempt_in_time(&mut self, batch: &Batch) -> Answer {
        // Region and profile are part of the deadline: a dead metadata service must not hold them up.
        *self.seen() = Seen::default();
        let answer = tokio::time::timeout(OPERATION_TIMEOUT, self.attempt(batch)).await;
        let seen = *self.seen();
        let mut answer = answer.unwrap_or_else(|_| timed_out(seen));
        // The SDK keeps CloudWatch's clock in its client, and signs by it from here on: worth another attempt, once.
        let teaches = answer.outcome == Outcome::Denied && is_skewed(seen) && !self.taught;
        self.taught = teaches;
        if teaches {
            answer.outcome = of_stage(Stage::NotSent);
        }
        answer
    }

    async fn attempt(&mut self, batch: &Batch) -> Answer {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => {
                let config = load(&self.settings).await;
                if config.region().is_none() {
                    return denied(
                        "NoRegion",
                        "no region in configuration, environment, profile or metadata".to_owned(),
                    );
                }
                self.client.insert(self.connect(&config)).clone()
            }
        };
        let result = client
            .put_metric_data()
            .namespace(batch.namespace())
            .set_metric_data(Some(batch.datums().iter().map(wire).collect()))
            .send()
            .await;
        let seen = *self.seen();
        let mut answer = match result {
            Ok(_) if seen.speaks_cbor => Answer::new(Outcome::Sent, "", ""),
            Ok(_) => Answer::new(
                of_stage(Stage::StrangeAnswer),
                "NotCloudWatch",
                "the endpoint answered 200, but not in CloudWatch's protocol: a portal or proxy in between?",
            ),
            Err(error) => judge(&error, seen),
        };
        if answer.outcome == Outcome::TooLarge && !seen.speaks_cbor && batch.datums().len() == 1 {
            // Some proxy's limit: a datum has 3 kB at most. Halving has helped where it can; no datum is given up for it.
            let reason = "HTTP 413 to a single datum from something that is not CloudWatch: raise the proxy's limit";
            answer = kept(Stage::NotSent, "NotCloudWatch", reason.to_owned());
        }
        // A portal's clock says nothing about ours.
        answer.server_time = seen.date.filter(|_| seen.speaks_cbor);
        answer
    }

    fn connect(&self, config: &SdkConfig) -> Client {
        let config = aws_sdk_cloudwatch::config::Builder::from(config)
            .interceptor(Watch(Arc::clone(&self.seen)))
            .build();
        Client::from_conf(config)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Region, credentials and endpoint by the SDK's chain, with what the configuration sets put first.
async fn load(settings: &CloudWatchSettings) -> SdkConfig {
    let mut config = sdk::load(settings.region.as_deref()).await;
    if let Some(role) = &settings.role_arn {
        let mut provider = AssumeRoleProvider::builder(role)
            .session_name("fwmetrics")
            .configure(&config);
        if let Some(id) = &settings.external_id {
            provider = provider.external_id(id);
        }
        let provider = provider.build().await;
        let shared = aws_sdk_cloudwatch::config::SharedCredentialsProvider::new(provider);
        config = config.into_builder().credentials_provider(shared).build();
    }
    // Last, so that it holds for CloudWatch alone and not for STS.
    if let Some(url) = &settings.endpoint_url {
        config = config.into_builder().endpoint_url(url).build();
    }
    config
}

fn wire(datum: &Datum) -> MetricDatum {
    let dimensions = datum
        .dimensions
        .iter()
        .map(|d| {
            WireDimension::builder()
                .name(d.name.as_ref())
                .value(&d.value)
                .build()
        })
        .collect();
    let builder = MetricDatum::builder()
        .metric_name(datum.metric.as_ref())
        .set_dimensions(Some(dimensions))
        .timestamp(DateTime::from_secs(datum.timestamp))
        .unit(StandardUnit::from(datum.unit.as_str()))
        .storage_resolution(datum.resolution.secs());
    let values = || Some(datum.values.iter().map(|(value, _)| *value).collect());
    let counts = || {
        Some(
            datum
                .values
                .iter()
                .map(|(_, count)| f64::from(*count))
                .collect(),
        )
    };
    match Form::of(&datum.values) {
        Form::Value => builder.set_value(datum.values.first().map(|(value, _)| *value)),
        Form::Values => builder.set_values(values()),
        Form::ValuesAndCounts => builder.set_values(values()).set_counts(counts()),
    }
    .build()
}

/// From the SDK's error to our answer. By code and status, never by variant alone: throttling and denial are not
/// modelled.
fn judge(error: &SdkError<PutMetricDataError>, seen: Seen) -> Answer {
    let reason = chain::of(error);
    match error {
        SdkError::ServiceError(service) => {
            refused(service.err(), service.raw().status().as_u16(), seen)
        }
        SdkError::TimeoutError(_) => timed_out(seen),
        _ if !seen.transmitting => never_sent(error, reason),
        SdkError::DispatchFailure(_) => {
            if sdk::never_connected(error) {
                return kept(Stage::NotSent, "NoConnection", reason);
            }
            kept(Stage::NoAnswer, "ConnectionLost", reason)
        }
        _ => kept(Stage::StrangeAnswer, "BrokenAnswer", reason),
    }
}

/// An answer with an error in it.
fn refused(error: &PutMetricDataError, status: u16, seen: Seen) -> Answer {
    let code = error.code();
    if code.is_none() && !seen.speaks_cbor && status < 500 && status != 413 {
        let reason = format!(
            "HTTP {status} from something that is not CloudWatch: a proxy or portal in between?"
        );
        return kept(Stage::NotSent, "NotCloudWatch", reason);
    }
    let outcome = of_error(code, status);
    let code = code.map_or_else(|| format!("HTTP{status}"), chain::line);
    let reason = chain::line(error.message().unwrap_or("no message"));
    let mut answer = Answer::new(outcome, code, reason);
    if matches!(outcome, Outcome::Throttled | Outcome::Unreachable { .. }) {
        answer.retry_after = seen.retry_after;
    }
    answer
}

/// The answer was written at a time that is far from ours.
fn is_skewed(seen: Seen) -> bool {
    let ours = clock::now().wall_secs();
    seen.date
        .is_some_and(|date| ours.abs_diff(date) >= SKEW_SECS)
}

/// Nothing left this machine: no credentials, or a request that cannot be built.
fn never_sent(error: &SdkError<PutMetricDataError>, reason: String) -> Answer {
    match chain::find::<CredentialsError>(error) {
        Some(
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_),
        ) => denied("NoCredentials", reason),
        // Their source is there, and did not answer as it should: that may pass by itself.
        Some(_) => kept(Stage::NotSent, "CredentialsFailed", reason),
        None => denied("BadRequest", reason),
    }
}

fn timed_out(seen: Seen) -> Answer {
    if seen.transmitting {
        let reason = format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs());
        return kept(Stage::NoAnswer, "Timeout", reason);
    }
    kept(
        Stage::NotSent,
        "CredentialsTimeout",
        NO_CREDENTIALS_IN_TIME.to_owned(),
    )
}

fn kept(stage: Stage, code: &str, reason: String) -> Answer {
    Answer::new(of_stage(stage), code, hinted(reason))
}

/// What to do about a proxy or a name (words of hyper-util) or a TLS failure (of rustls' `CertificateError`, 0.23).
fn hinted(reason: String) -> String {
    let has = |word: &str| reason.contains(word);
    let hint = if has("tunnel error") {
        "; look at the proxy that HTTPS_PROXY or ALL_PROXY names"
    } else if has("dns error") {
        "; check DNS, [cloudwatch] region and endpoint_url"
    } else if has("certificate: Expired") || has("certificate expired") {
        "; renew it where it is served, or set this clock right"
    } else if has("certificate not valid for name") {
        "; it is another host's: check [cloudwatch] endpoint_url, DNS and any proxy"
    } else if has("certificate") {
        "; trust its issuer by SSL_CERT_FILE or AWS_CA_BUNDLE, or install the system's CA certificates"
    } else if has("InvalidContentType") {
        "; no TLS is spoken there: is it a port for plain HTTP?"
    } else {
        ""
    };
    reason + hint
}

fn denied(code: &str, reason: String) -> Answer {
    Answer::new(Outcome::Denied, code, reason)
}

/// Looks at each response's head: the server's clock, and whether it is CloudWatch at all. PutMetricData's answer is
/// empty, so the SDK takes any 200 for one, also a captive portal's.
#[derive(Debug)]
struct Watch(Arc<Mutex<Seen>>);

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.transmitting = true;
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let date = headers.get("date").and_then(http_date);
        let asked = retry_after::Headers {
            retry_after: headers.get("retry-after"),
            amz: headers.get("x-amz-retry-after"),
        };
        // A date is meant on the server's clock.
        let their_now = date.unwrap_or_else(|| clock::now().wall_secs());
        let speaks_cbor = headers.get("smithy-protocol") == Some("rpc-v2-cbor")
            || headers
                .get("content-type")
                .is_some_and(|kind| kind.starts_with("application/cbor"));
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.speaks_cbor = speaks_cbor;
        seen.retry_after = retry_after::of(asked, http_date, their_now);
        seen.date = date;
        Ok(())
    }
}

fn http_date(text: &str) -> Option<i64> {
    let time = DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?;
    Some(time.secs())
}

/// What is wrong with an environment variable, and what would be right.
pub type EnvironmentFault = (&'static str, String, &'static str);

/// Environment settings that the SDK answers with a panic, or does not know: found before it reads them.
#[must_use]
pub fn check_environment(get: impl Fn(&str) -> Option<String>) -> Vec<EnvironmentFault> {
    let mut faults = Vec::new();
    let attempts = |text: &String| text.trim().parse::<u32>().is_ok_and(|n| n > 0);
    if let Some(text) = get("AWS_MAX_ATTEMPTS").filter(|text| !attempts(text)) {
        let remedy = "set it to 1 or more, or unset it (fwmetrics makes one attempt and retries by its own queue)";
        faults.push((
            "AWS_MAX_ATTEMPTS",
            format!("{text:?} is not a number of attempts"),
            remedy,
        ));
    }
    let mode = |text: &String| {
        ["standard", "adaptive"].contains(&text.trim().to_ascii_lowercase().as_str())
    };
    if let Some(text) = get("AWS_RETRY_MODE").filter(|text| !mode(text)) {
        let remedy = "set it to \"standard\" or \"adaptive\", or unset it";
        faults.push((
            "AWS_RETRY_MODE",
            format!("{text:?} is not a retry mode of this SDK"),
            remedy,
        ));
    }
    let certificates = |path: &String| {
        std::fs::read_to_string(path).is_ok_and(|pem| pem.contains("-----BEGIN CERTIFICATE-----"))
    };
    if let Some(path) = get(http::CA_BUNDLE).filter(|path| !certificates(path)) {
        let remedy = "name a readable PEM file, or unset it";
        faults.push((
            http::CA_BUNDLE,
            format!("{path:?} holds no certificate that can be read"),
            remedy,
        ));
    }
    faults
}
