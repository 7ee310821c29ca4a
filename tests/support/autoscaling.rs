//! Auto Scaling, as far as a drain needs it: two actions of its Query protocol, each parameter and signature checked.
//!
//! One instance waits at one hook of one group. As in AWS, a call for any other is a ValidationError, and so is one after
//! the lifecycle action was completed or timed out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::http::{Connection, Request, Response};
use super::server::{Accepted, Server, lock, wait_until};
use super::sigv4::{self, Key, Refused};
use super::time;

const SERVICE: &str = "autoscaling";
const VERSION: &str = "2011-01-01";
const NAMESPACE: &str = "http://autoscaling.amazonaws.com/doc/2011-01-01/";
/// How long a hanging service holds a request at most.
const HANG: Duration = Duration::from_secs(60);

/// How a call is answered, whatever it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// As it should be.
    None,
    /// 400 Throttling.
    Throttled,
    /// 403 AccessDenied.
    Denied,
    /// 400 ValidationError: no instance waits (any more).
    NoAction,
    /// Read, and never answered.
    Hang,
    /// 200 from something else.
    Portal,
    /// As it should be, by a clock that is twenty minutes ahead.
    Skewed,
}

/// A call as it came, with its answer's status (0: none) and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The action.
    pub action: String,
    /// All other parameters but the version.
    pub parameters: BTreeMap<String, String>,
    /// The status.
    pub status: u16,
    /// The error code, empty where there is none.
    pub code: String,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Trouble>,
    always: Option<Trouble>,
    completed: bool,
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Group, hook, instance.
    waits: [String; 3],
}

/// A running service; dropping it closes its port and connections.
#[derive(Debug)]
pub struct AutoScaling {
    server: Server,
    shared: Arc<Shared>,
}

impl AutoScaling {
    /// Starts; this instance waits at this hook of this group.
    pub fn start(group: &str, hook: &str, instance: &str) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            waits: [group, hook, instance].map(ToOwned::to_owned),
        });
        let theirs = Arc::clone(&shared);
        let server = Server::start(0, move |accepted| serve(&theirs, accepted));
        AutoScaling {
            server: server.expect("a port on 127.0.0.1"),
            shared,
        }
    }

    /// For `AWS_ENDPOINT_URL_AUTO_SCALING`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The next calls are answered so, one each.
    pub fn script(&self, troubles: &[Trouble]) {
        lock(&self.shared.state).script.extend(troubles);
    }

    /// All calls that the script does not reach are answered so.
    pub fn always(&self, trouble: Trouble) {
        lock(&self.shared.state).always = Some(trouble);
    }

    /// All calls so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.state).asked.clone()
    }

    /// How many calls of this action were answered with this status.
    pub fn count(&self, action: &str, status: u16) -> usize {
        let asked = self.asked();
        let same = asked.iter().filter(|one| one.action == action);
        same.filter(|one| one.status == status).count()
    }

    /// CompleteLifecycleAction was taken.
    pub fn is_completed(&self) -> bool {
        lock(&self.shared.state).completed
    }

    /// Waits for `count` calls in total; false when `timeout` came first.
    pub fn wait_for_calls(&self, count: usize, timeout: Duration) -> bool {
        let Shared { state, changed, .. } = &*self.shared;
        wait_until(state, changed, timeout, |state| state.asked.len() >= count)
    }
}

fn serve(shared: &Shared, accepted: Accepted) {
    let Accepted { stream, stop, .. } = accepted;
    let mut connection = Connection::new(stream);
    while connection.wait_for_bytes() {
        let Ok(request) = connection.read() else {
            return;
        };
        let form = form(&request);
        let mut state = lock(&shared.state);
        let scripted = state.script.pop_front().or(state.always);
        let trouble = scripted.unwrap_or(Trouble::None);
        let ahead = if trouble == Trouble::Skewed { 1200 } else { 0 };
        let now = time::unix_now() as i64 + ahead;
        let answer = match trouble {
            Trouble::None | Trouble::Skewed => judge(shared, &mut state, &request, &form, now),
            Trouble::Throttled => Err((400, "Throttling", "Rate exceeded".to_owned())),
            Trouble::Denied => Err((403, "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/fwmetrics/i-0 is not authorized to perform this action".to_owned())),
            Trouble::NoAction => Err(no_action(shared)),
            Trouble::Hang | Trouble::Portal => Ok(String::new()),
        };
        let (status, code) = match (&answer, trouble) {
            (_, Trouble::Hang) => (0, ""),
            (Ok(_), _) => (200, ""),
            (Err((status, code, _)), _) => (*status, *code),
        };
        let mut parameters = form;
        parameters.remove("Version");
        let action = parameters.remove("Action").unwrap_or_default();
        state.asked.push(Asked {
            action,
            parameters,
            status,
            code: code.to_owned(),
        });
        shared.changed.notify_all();
        drop(state);
        if trouble == Trouble::Hang {
            stop.sleep(HANG);
            return;
        }
        let body = match answer {
            Ok(_) if trouble == Trouble::Portal => {
                "<html><body>Please log in</body></html>".to_owned()
            }
            Ok(action) => format!(
                "<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result/>\n  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\n</{action}Response>\n"
            ),
            Err((_, code, message)) => format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>\n"
            ),
        };
        let response = Response::new(status, body)
            .with("content-type", "text/xml")
            .with("date", time::http_date(now));
        if connection.write(&response.encode(0)).is_err() {
            return;
        }
    }
}

type Refusal = (u16, &'static str, String);

fn no_action(shared: &Shared) -> Refusal {
    let instance = &shared.waits[2];
    let text = format!("No active Lifecycle Action found with instance ID {instance}");
    (400, "ValidationError", text)
}

/// The action that was done, or why not.
fn judge(
    shared: &Shared,
    state: &mut State,
    request: &Request,
    form: &BTreeMap<String, String>,
    now: i64,
) -> Result<String, Refusal> {
    let keys = [Key::example(), Key::role_example()];
    let find = |id: &str| keys.iter().find(|key| key.id == id).cloned();
    sigv4::verify_for(SERVICE, request, now, Some("eu-west-1"), find).map_err(refused)?;
    let invalid = |text: String| (400, "ValidationError", text);
    if (request.method.as_str(), request.target.as_str()) != ("POST", "/") {
        return Err((
            405,
            "InvalidAction",
            format!("{} {}", request.method, request.target),
        ));
    }
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err((415, "InvalidAction", format!("content-type {kind:?}")));
    }
    if form.get("Version").map(String::as_str) != Some(VERSION) {
        return Err((
            400,
            "NoSuchVersion",
            "The requested version is not valid.".to_owned(),
        ));
    }
    let action = form.get("Action").cloned().unwrap_or_default();
    let mut known = vec![
        "Action",
        "Version",
        "AutoScalingGroupName",
        "LifecycleHookName",
        "InstanceId",
    ];
    match action.as_str() {
        "RecordLifecycleActionHeartbeat" => {}
        "CompleteLifecycleAction" => {
            known.push("LifecycleActionResult");
            let result = form.get("LifecycleActionResult").map(String::as_str);
            if !matches!(result, Some("CONTINUE" | "ABANDON")) {
                return Err(invalid(format!("LifecycleActionResult {result:?}")));
            }
        }
        other => {
            return Err((
                400,
                "InvalidAction",
                format!("Could not find operation {other}"),
            ));
        }
    }
    if let Some(stranger) = form.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(invalid(format!("parameter {stranger} is not known")));
    }
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    let [group, hook, instance] = &shared.waits;
    if of("AutoScalingGroupName") != *group {
        return Err(invalid("AutoScalingGroup name not found".to_owned()));
    }
    if of("LifecycleHookName") != *hook || of("InstanceId") != *instance || state.completed {
        return Err(no_action(shared));
    }
    state.completed = action == "CompleteLifecycleAction";
    Ok(action)
}

fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::Missing(text) => (403, "MissingAuthenticationToken", text.to_owned()),
        Refused::UnknownKey => (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.".to_owned(),
        ),
        Refused::Expired => (
            403,
            "ExpiredToken",
            "The security token included in the request is expired".to_owned(),
        ),
        Refused::Mismatch(text) => (403, "SignatureDoesNotMatch", text),
    }
}

/// The body's parameters, decoded.
fn form(request: &Request) -> BTreeMap<String, String> {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&text);
        decoded.decode_utf8_lossy().into_owned()
    };
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
