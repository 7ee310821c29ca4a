//! The two calls to Auto Scaling with which a drain ends: RecordLifecycleActionHeartbeat and CompleteLifecycleAction,
//! in its Query protocol, signed by the SDK's own signer.
//!
//! One attempt a call; who asks decides when to ask again. They are made as the instance's own role, not as [cloudwatch]
//! role_arn's: the group is of the instance's account. Why there is no SDK crate for it: see Cargo.toml.

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
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::clock;
use crate::host::http;
use crate::model::chain;
use crate::publish::outcome::{Outcome, of_error, remedy};
use crate::publish::sdk::{self, OPERATION_TIMEOUT};

/// The name that signatures carry, and the version of the API (its reference, "Query requests").
const SERVICE: &str = "autoscaling";
const VERSION: &str = "2011-01-01";
/// Bytes of a form that stand for themselves (RFC 3986, 2.3).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const FORM_TYPE: &str = "application/x-www-form-urlencoded";
/// A signature is refused when its clock is 5 minutes off; from here on theirs is taken for right.
const SKEW_SECS: u64 = 4 * 60;
/// Suffixes of the partitions that are not amazonaws.com, by the first letters of their regions.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

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
    /// No usable answer, or throttled: to be tried again.
    Failed(String),
    /// No answer, though it may have been sent: done or not; to be tried again.
    Lost(String),
}

/// Where and as whom to call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Region; else the SDK's chain.
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
}

#[derive(Debug, Clone)]
struct Client {
    connector: SharedHttpConnector,
    credentials: SharedCredentialsProvider,
    region: String,
    url: String,
}

/// An answer of whoever answered.
struct Answer {
    status: u16,
    date: Option<i64>,
    body: Vec<u8>,
}

impl Lifecycle {
    /// A caller; opens nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Lifecycle {
            settings,
            client: None,
            ahead_secs: 0,
        }
    }

    /// One attempt. Ends within 12 s, whatever the other side does.
    pub async fn call(&mut self, call: Call, of: &Waiting) -> Reply {
        let attempt = tokio::time::timeout(OPERATION_TIMEOUT, self.attempt(call, of)).await;
        let reply = attempt.unwrap_or_else(|_| {
            let secs = OPERATION_TIMEOUT.as_secs();
            Reply::Lost(format!("no answer within {secs} s"))
        });
        if matches!(reply, Reply::Denied(_)) {
            // Region and endpoint, perhaps; credentials are asked for at each call.
            self.client = None;
        }
        reply
    }

    async fn attempt(&mut self, call: Call, of: &Waiting) -> Reply {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => match Client::new(&self.settings).await {
                Ok(client) => self.client.insert(client).clone(),
                Err(why) => return Reply::Denied(why),
            },
        };
        let request = match client.request(&form(call, of), self.ahead_secs).await {
            Ok(request) => request,
            Err(why) => return Reply::Failed(why),
        };
        let answer = match client.send(request).await {
            Ok(answer) => answer,
            Err(why) => return Reply::Lost(format!("{why} ({})", client.url)),
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

impl Client {
    async fn new(settings: &Settings) -> Result<Self, String> {
        let config = sdk::load(settings.region.as_deref()).await;
        let region = config
            .region()
            .ok_or("set [cloudwatch] region or AWS_REGION")?;
        let region = region.as_ref().to_owned();
        let url = endpoint(settings, &region, |name| std::env::var(name).ok());
        Ok(Client {
            connector: http::connector(),
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

    async fn send(&self, request: HttpRequest) -> Result<Answer, String> {
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| chain::of(&error))?;
        let status = answer.status().as_u16();
        let date = answer.headers().get("date").and_then(http_date);
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| chain::of(error.as_ref()))?;
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

/// The configuration's, the environment's (AWS SDKs and tools reference guide, "Service-specific endpoints"), the
/// region's; with the path of its root.
fn endpoint(settings: &Settings, region: &str, get: impl Fn(&str) -> Option<String>) -> String {
    let ignored = get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    let ignored = ignored.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let set = |name: &str| get(name).filter(|text| !ignored && !text.is_empty());
    let configured = settings.endpoint_url.clone();
    let url = configured
        .or_else(|| set("AWS_ENDPOINT_URL_AUTO_SCALING"))
        .or_else(|| set("AWS_ENDPOINT_URL"))
        .unwrap_or_else(|| {
            let partition = SUFFIXES.iter().find(|(begin, _)| region.starts_with(begin));
            let suffix = partition.map_or("amazonaws.com", |(_, suffix)| suffix);
            format!("https://{SERVICE}.{region}.{suffix}")
        });
    format!("{}/", url.trim_end_matches('/'))
}

/// The body of the request.
fn form(call: Call, of: &Waiting) -> String {
    let mut form = format!("Action={}&Version={VERSION}", call.action());
    let result = (call == Call::Complete).then_some(("LifecycleActionResult", "CONTINUE"));
    let parameters = [
        ("AutoScalingGroupName", of.group.as_str()),
        ("LifecycleHookName", of.hook.as_str()),
        ("InstanceId", of.instance.as_str()),
    ];
    for (name, value) in parameters.into_iter().chain(result) {
        form.push('&');
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, FORM));
    }
    form
}

/// What an answer means.
fn judge(call: Call, answer: &Answer) -> Reply {
    let told = Told::read(&answer.body);
    if answer.status == 200 {
        let done = told.root.strip_suffix("Response") == Some(call.action());
        let stranger =
            "HTTP 200 from something that is not Auto Scaling: a proxy or portal in between?";
        return match done {
            true => Reply::Done,
            false => Reply::Failed(stranger.to_owned()),
        };
    }
    let (code, message) = (chain::line(&told.code), chain::line(&told.message));
    // The one word of it that API and SDKs know is ValidationError, as of any wrong parameter.
    if code == "ValidationError" && message.contains("No active Lifecycle Action") {
        return Reply::NoAction;
    }
    let status = answer.status;
    let named = Some(code.as_str()).filter(|code| !code.is_empty());
    let shown = named.map_or_else(|| format!("HTTP {status}"), ToOwned::to_owned);
    match of_error(named, status) {
        Outcome::Denied => Reply::Denied(format!("{shown}: {message}; {}", to_do(&code))),
        Outcome::Invalid => Reply::Denied(format!(
            "{shown}: {message}; check the names of hook, group and instance"
        )),
        _ => Reply::Failed(format!("{shown}: {message}")),
    }
}

fn to_do(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            "allow autoscaling:RecordLifecycleActionHeartbeat and autoscaling:CompleteLifecycleAction on this group in the instance role's policy"
        }
        code => remedy(code),
    }
}

fn http_date(text: &str) -> Option<i64> {
    Some(DateTime::from_str(text, Format::HttpDate).ok()?.secs())
}

/// What an answer's XML tells: of `<ErrorResponse><Error><Code>…</Code><Message>…</Message>`, or `<…Response>`.
#[derive(Debug, Default)]
struct Told {
    root: String,
    code: String,
    message: String,
}

impl Told {
    /// Reads as far as it is XML; the rest stays empty.
    fn read(body: &[u8]) -> Self {
        let mut told = Told::default();
        let mut reader = Reader::from_str(std::str::from_utf8(body).unwrap_or_default());
        let mut open = String::new();
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    open = tag.name().as_ref().to_owned();
                    if told.root.is_empty() {
                        told.root.clone_from(&open);
                    }
                }
                Ok(Event::Text(text)) => {
                    let text = text.xml10_content();
                    match open.as_str() {
                        "Code" => told.code.push_str(&text),
                        "Message" => told.message.push_str(&text),
                        _ => {}
                    }
                }
                Ok(Event::End(_)) => open.clear(),
                Ok(Event::Eof) | Err(_) => return told,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(code: &str, message: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>"
        )
    }

    #[test]
    fn an_answer_is_judged_by_its_root_its_code_and_its_status() {
        let done = "<CompleteLifecycleActionResponse xmlns=\"x\"><CompleteLifecycleActionResult/></CompleteLifecycleActionResponse>";
        assert_eq!(judge(Call::Complete, &answer(200, done)), Reply::Done);
        for stranger in ["", "<html><body>Log in</body></html>", "{}"] {
            let reply = judge(Call::Complete, &answer(200, stranger));
            assert!(matches!(reply, Reply::Failed(_)), "{stranger}");
        }
        // The other call's answer is none of ours.
        let reply = judge(Call::Heartbeat, &answer(200, done));
        assert!(matches!(reply, Reply::Failed(_)));
        let gone = error(
            "ValidationError",
            "No active Lifecycle Action found with instance ID i-1",
        );
        assert_eq!(judge(Call::Heartbeat, &answer(400, &gone)), Reply::NoAction);
        let group = error("ValidationError", "AutoScalingGroup name not found");
        let denied = error("AccessDenied", "User is not authorized");
        for (text, says) in [(group, "check the names"), (denied, "allow autoscaling:")] {
            let Reply::Denied(why) = judge(Call::Complete, &answer(403, &text)) else {
                panic!("{text}");
            };
            assert!(why.contains(says), "{why}");
        }
        for (status, text) in [
            (400, error("Throttling", "Rate exceeded")),
            (500, error("ResourceContention", "busy")),
            (503, String::new()),
            (502, "<html>".to_owned()),
        ] {
            let reply = judge(Call::Complete, &answer(status, &text));
            assert!(matches!(reply, Reply::Failed(_)), "{status} {reply:?}");
        }
    }

    #[test]
    fn the_form_is_encoded_byte_for_byte() {
        let of = Waiting {
            group: "edge fleet/ü".to_owned(),
            hook: "a-b_c.d~e".to_owned(),
            instance: "i-1".to_owned(),
        };
        assert_eq!(
            form(Call::Complete, &of),
            "Action=CompleteLifecycleAction&Version=2011-01-01&AutoScalingGroupName=edge%20fleet%2F%C3%BC&LifecycleHookName=a-b_c.d~e&InstanceId=i-1&LifecycleActionResult=CONTINUE"
        );
        assert!(!form(Call::Heartbeat, &of).contains("Result"));
    }

    #[test]
    fn the_endpoint_is_the_configurations_the_environments_or_the_regions() {
        let of = |url: Option<&str>, region: &str, set: &[(&str, &str)]| {
            let settings = Settings {
                region: None,
                endpoint_url: url.map(ToOwned::to_owned),
            };
            let get = |name: &str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            endpoint(&settings, region, get)
        };
        let all = [
            ("AWS_ENDPOINT_URL", "http://b"),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", "http://a/"),
        ];
        assert_eq!(of(Some("http://c"), "eu-west-1", &all), "http://c/");
        assert_eq!(of(None, "eu-west-1", &all), "http://a/");
        assert_eq!(of(None, "eu-west-1", &all[..1]), "http://b/");
        let ignored = [all[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
        let region = "https://autoscaling.eu-west-1.amazonaws.com/";
        assert_eq!(of(None, "eu-west-1", &ignored), region);
        let china = "https://autoscaling.cn-north-1.amazonaws.com.cn/";
        assert_eq!(of(None, "cn-north-1", &[]), china);
        let gov = "https://autoscaling.us-gov-west-1.amazonaws.com/";
        assert_eq!(of(None, "us-gov-west-1", &[]), gov);
    }
}
