//! An instance metadata service, version 2 only, as EC2's.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use super::http::{Connection, ReadError, Request, Response};
use super::server::{Accepted, Server, lock, wait_until};
use super::sigv4::Key;
use super::time;

const TOKEN_PATH: &str = "/latest/api/token";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const TTL_MAX_SECS: u64 = 21_600;
const META_DATA: &str = "/latest/meta-data/";
const IDENTITY: &str = "/latest/dynamic/instance-identity/document";
const TAG: &str = "tags/instance/aws:autoscaling:groupName";
const LIFECYCLE: &str = "autoscaling/target-lifecycle-state";
const ROLES: &str = "iam/security-credentials/";
const ROLE_NAME: &str = "fwmetrics";
/// How long a hanging service holds a request at most.
const HANG: Duration = Duration::from_secs(60);
/// How long handed out credentials are good for, by default.
const CREDENTIALS_SECS: i64 = 6 * 3600;

/// How the service behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As EC2's.
    #[default]
    Normal,
    /// Reads and never answers: a hop limit of 1 in front of a container.
    Hang,
    /// 403 to everything: the service is switched off for this instance.
    Forbidden,
    /// Bytes that are no HTTP.
    Garbage,
    /// Closes before reading; the client sees a reset.
    Refuse,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    /// Everything under `/latest/meta-data/`; what is not here is a 404.
    data: BTreeMap<String, String>,
    tokens: BTreeMap<String, Instant>,
    requests: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A running service; dropping it closes its port and connections.
#[derive(Debug)]
pub struct Imds {
    server: Server,
    shared: Arc<Shared>,
}

impl Imds {
    /// Starts as instance i-0123456789abcdef0 in eu-west-1, InService in the group edge-fleet, with [`Key::role_example`].
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let server = Server::start(0, move |accepted| serve(&theirs, accepted));
        let server = server.expect("a port on 127.0.0.1");
        let imds = Self { server, shared };
        imds.set_instance_id(Some("i-0123456789abcdef0"));
        imds.set_region(Some("eu-west-1"));
        imds.set_availability_zone(Some("eu-west-1a"));
        imds.set_instance_type(Some("c6in.xlarge"));
        imds.set_tag(Some("edge-fleet"));
        imds.set_lifecycle(Some("InService"));
        imds.set_credentials(Some(&Key::role_example()));
        imds
    }

    /// `http://127.0.0.1:port`, for `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// Behaves so from the next request on.
    pub fn set_mode(&self, mode: Mode) {
        lock(&self.shared.state).mode = mode;
    }

    /// Sets or removes (404) a path under `/latest/meta-data/`.
    pub fn set(&self, path: &str, value: Option<&str>) {
        let data = &mut lock(&self.shared.state).data;
        match value {
            Some(value) => data.insert(path.to_owned(), value.to_owned()),
            None => data.remove(path),
        };
    }

    /// `instance-id`.
    pub fn set_instance_id(&self, id: Option<&str>) {
        self.set("instance-id", id);
    }

    /// `placement/region`.
    pub fn set_region(&self, region: Option<&str>) {
        self.set("placement/region", region);
    }

    /// `placement/availability-zone`.
    pub fn set_availability_zone(&self, zone: Option<&str>) {
        self.set("placement/availability-zone", zone);
    }

    /// `instance-type`.
    pub fn set_instance_type(&self, name: Option<&str>) {
        self.set("instance-type", name);
    }

    /// The tag with the Auto Scaling group's name; `None`: tags in metadata are off, as is EC2's default.
    pub fn set_tag(&self, group: Option<&str>) {
        self.set(TAG, group);
    }

    /// `autoscaling/target-lifecycle-state`; `None`: outside a group.
    pub fn set_lifecycle(&self, state: Option<&str>) {
        self.set(LIFECYCLE, state);
    }

    /// The role's credentials, good for six hours; `None`: no role.
    pub fn set_credentials(&self, key: Option<&Key>) {
        let expires = time::unix_now() as i64 + CREDENTIALS_SECS;
        match key {
            Some(key) => self.set_credentials_until(key, expires),
            None => {
                self.set(ROLES, None);
                self.set(&format!("{ROLES}{ROLE_NAME}"), None);
            }
        }
    }

    /// The role's credentials with their own end, in seconds since 1970.
    pub fn set_credentials_until(&self, key: &Key, expires_secs: i64) {
        let document = json!({
            "Code": "Success",
            "LastUpdated": time::rfc3339(time::unix_now() as i64),
            "Type": "AWS-HMAC",
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "Token": key.token.as_deref().unwrap_or("no-token"),
            "Expiration": time::rfc3339(expires_secs),
        });
        self.set(ROLES, Some(ROLE_NAME));
        self.set(&format!("{ROLES}{ROLE_NAME}"), Some(&document.to_string()));
    }

    /// Every token handed out so far is refused from now on.
    pub fn expire_tokens(&self) {
        lock(&self.shared.state).tokens.clear();
    }

    /// Method and path of every request, in order.
    pub fn requests(&self) -> Vec<(String, String)> {
        lock(&self.shared.state).requests.clone()
    }

    /// Waits for `count` requests in total; false when `timeout` came first.
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        let Shared { state, changed } = &*self.shared;
        wait_until(state, changed, timeout, |state| {
            state.requests.len() >= count
        })
    }
}

fn serve(shared: &Shared, accepted: Accepted) {
    let Accepted { stream, stop, .. } = accepted;
    let mut connection = Connection::new(stream);
    while connection.wait_for_bytes() {
        let mode = lock(&shared.state).mode;
        if mode == Mode::Refuse {
            return; // with bytes unread: the kernel sends a reset
        }
        let request = match connection.read() {
            Ok(request) => request,
            Err(ReadError::Gone | ReadError::Bad(_)) => return,
        };
        let mut state = lock(&shared.state);
        let line = (request.method.clone(), request.target.clone());
        state.requests.push(line);
        shared.changed.notify_all();
        let bytes = match mode {
            Mode::Hang => Vec::new(),
            Mode::Garbage => b"\x00\x01 no HTTP\r\n\r\n".to_vec(),
            Mode::Forbidden => Response::new(403, "Forbidden").encode(0),
            _ => answer(&request, &mut state).encode(0),
        };
        drop(state);
        if mode == Mode::Hang {
            stop.sleep(HANG);
            return;
        }
        if connection.write(&bytes).is_err() || mode == Mode::Garbage {
            return;
        }
    }
}

fn answer(request: &Request, state: &mut State) -> Response {
    match (request.method.as_str(), request.target.as_str()) {
        ("PUT", TOKEN_PATH) => token(request, state),
        ("GET", target) => {
            let token = request.header(TOKEN_HEADER).unwrap_or_default();
            let valid = state
                .tokens
                .get(token)
                .is_some_and(|end| Instant::now() < *end);
            if valid {
                get(target, state)
            } else {
                Response::new(401, "Unauthorized")
            }
        }
        _ => Response::new(405, "Method Not Allowed"),
    }
}

fn token(request: &Request, state: &mut State) -> Response {
    // EC2 refuses a token to what came through a proxy.
    if request.header("x-forwarded-for").is_some() {
        return Response::new(403, "Forbidden");
    }
    let ttl = request
        .header(TTL_HEADER)
        .and_then(|text| text.parse().ok());
    let Some(ttl @ 1..=TTL_MAX_SECS) = ttl else {
        return Response::new(400, "Bad Request");
    };
    let token = format!("{:016x}{:016x}==", fastrand::u64(..), fastrand::u64(..));
    let end = Instant::now() + Duration::from_secs(ttl);
    state.tokens.insert(token.clone(), end);
    Response::new(200, token)
        .with(TTL_HEADER, ttl.to_string())
        .with("content-type", "text/plain")
}

fn get(target: &str, state: &State) -> Response {
    let found = match target.strip_prefix(META_DATA) {
        // The list of roles is there with and without its slash.
        Some("iam/security-credentials") => state.data.get(ROLES).cloned(),
        Some(path) => state.data.get(path).cloned(),
        None if target == IDENTITY => Some(identity(&state.data)),
        None => None,
    };
    match found {
        Some(text) => Response::new(200, text).with("content-type", "text/plain"),
        None => Response::new(404, "Not Found"),
    }
}

fn identity(data: &BTreeMap<String, String>) -> String {
    let document = json!({
        "accountId": "123456789012",
        "instanceId": data.get("instance-id"),
        "region": data.get("placement/region"),
        "availabilityZone": data.get("placement/availability-zone"),
        "instanceType": data.get("instance-type"),
    });
    document.to_string()
}
