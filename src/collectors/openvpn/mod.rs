//! OpenVPN: the clients of servers and the connections of clients, from management sockets or from status files.
//!
//! All clients are counted; those that `expect` names are tunnels, up while they are in the list and down while they
//! are not. A client that was killed stays in the list until the server misses its pings (`--keepalive`): that is the
//! server's own detection. A client process is one tunnel, up while it is CONNECTED. A tunnel that has another
//! connection than at the pass before was down in between: that pass says 0.
//!
//! A management socket is read anew each time and tells the state of clients, but admits one visitor at a time; a
//! status file tells servers alone, as late as it is written, and outlives its process.

pub mod freshness;
pub mod totals;
pub mod wire;

mod files;
mod management;
mod settings;
mod source;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{self, Now};
use crate::collector::remote_access::{self, RemoteAccess};
use crate::collector::tunnels::{self, Tunnels};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::blocking::Blocking;
use crate::host::files::Root;
use crate::model::reading::Readings;
use crate::model::schema::{Key, KeyKind};

use files::{Content, Found};
use freshness::Look;
use management::DROPIN;
use settings::{STATUS_FILES, Settings};
use source::{Source, Wanted};
use wire::status;

/// The `openvpn` collector.
pub static SPEC: Spec = Spec {
    name: "openvpn",
    about: "Clients of OpenVPN servers and connections of OpenVPN clients, from management sockets or status files",
    readings: &[
        &remote_access::USERS,
        &remote_access::USERS_SHARE,
        &tunnels::STATE,
        &tunnels::CONFIGURED,
        &tunnels::UP,
        &tunnels::DOWN,
        &tunnels::BYTES_IN,
        &tunnels::BYTES_OUT,
        &tunnels::SHARE,
    ],
    fine_series: "1 per expected client and client process, 3 more opt-in, up to tunnels_max",
    sample_secs: Some(5),
    timeout_secs: 3,
    on_demand: false,
    keys: &[
        Key::new(
            "socket",
            KeyKind::OneOrMore(settings::check_socket),
            "",
            "Management sockets (`management PATH unix`), visited briefly each time. Not with management-signal or management-forget-disconnect, and not where another management client stays connected: each visit is a client that leaves.",
        )
        .example("\"/run/openvpn/server.sock\""),
        Key::new(
            "status_file",
            KeyKind::OneOrMore(settings::check_status_file),
            "\"/run/openvpn-server/status-*.log\"",
            "Status files of version 1, 2 or 3, of servers without a socket here; a pattern may stand in the last part. The default holds where no socket is named. A file that is no longer written is a failure: OpenVPN has to write it every three minutes at least (its default is one).",
        ),
        remote_access::MAX,
        Key {
            doc: "Clients that should be connected, by common name, and a client's own connection, by the name of its management socket without its ending: they are tunnels, and down when they are not connected. A client's status file has its bytes and no state. Other clients are counted in RemoteAccessTunnels only.",
            ..tunnels::EXPECT
        },
        tunnels::CEILING,
    ],
    remote: None,
    build,
};

/// The kernel's data channel offload: 2.6's own module, and Linux 6.16's.
const DCO_MODULES: [&str; 2] = ["/sys/module/ovpn_dco_v2", "/sys/module/ovpn"];

struct OpenVpn {
    root: Root,
    /// For all exchanges of a pass together, below its own deadline.
    timeout: Duration,
    sockets: Vec<(PathBuf, Source)>,
    patterns: Vec<PathBuf>,
    /// The user wrote none.
    is_default: bool,
    files: BTreeMap<PathBuf, Source>,
    blocking: Blocking,
    wanted: Wanted,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let is_default = settings.socket.is_empty() && settings.status_file.is_empty();
    let patterns = match is_default {
        true => vec![STATUS_FILES.to_owned()],
        false => settings.status_file,
    };
    let path = |text: &String| context.root.path(text);
    let sockets = settings.socket.iter().map(path);
    let ceiling = settings.tunnel_bits_per_second_max;
    Ok(Box::new(OpenVpn {
        root: context.root.clone(),
        timeout: context.timeout * 9 / 10,
        sockets: sockets
            .map(|path| {
                let source = Source::new(&path);
                (path, source)
            })
            .collect(),
        patterns: patterns.iter().map(path).collect(),
        is_default,
        files: BTreeMap::new(),
        blocking: Blocking::default(),
        wanted: Wanted {
            tunnels: Tunnels::new(settings.expect.iter().cloned(), ceiling),
            expect: settings.expect.into_iter().collect(),
            remote_access: RemoteAccess::new(settings.remote_access_max),
        },
    }))
}

#[async_trait]
impl Collector for OpenVpn {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.wanted.tunnels.begin();
        self.wanted.remote_access.begin();
        let mut faults = self.visit_sockets(out).await;
        faults.extend(self.read_files(out).await);
        if !faults.is_empty() {
            return Err(CollectError::Failed(faults.join("; ")));
        }
        if self.sockets.is_empty() && self.files.is_empty() {
            let nothing = format!(
                "no {STATUS_FILES} that this user may see: no OpenVPN server runs here, or it writes its status elsewhere (name a socket or a status_file in [collectors.openvpn]), or the drop-in {DROPIN} is needed"
            );
            return Err(match self.wanted.tunnels.expects_any() {
                true => CollectError::Failed(nothing),
                false => CollectError::Absent(nothing),
            });
        }
        self.wanted.tunnels.end(out);
        self.wanted.remote_access.end(out);
        Ok(())
    }
}

impl OpenVpn {
    /// What one of the sockets, or all files, may hold up a pass.
    fn wait(&self) -> Duration {
        let waits = self.sockets.len() + usize::from(!self.patterns.is_empty());
        self.timeout / u32::try_from(waits.max(1)).unwrap_or(u32::MAX)
    }

    /// An OpenVPN may run here: something is expected of it, or there is a tun or tap device, or its module.
    fn may_run(&self) -> bool {
        let is_there = |path: &str| self.root.id(path).is_ok();
        let is_tun = |name: &String| is_there(&format!("/sys/class/net/{name}/tun_flags"));
        let names = self.root.names("/sys/class/net").unwrap_or_default();
        self.wanted.tunnels.expects_any()
            || names.iter().any(is_tun)
            || DCO_MODULES.iter().any(|path| is_there(path))
    }

    async fn visit_sockets(&mut self, out: &mut Readings) -> Vec<String> {
        let wait = self.wait();
        let mut faults = Vec::new();
        for (path, source) in &mut self.sockets {
            match management::visit(path, wait).await {
                Ok(visit) => {
                    let state = visit.state.as_ref();
                    source.record(out, &mut self.wanted, visit.status, state, true);
                }
                Err(why) => faults.push(why),
            }
        }
        faults
    }

    async fn read_files(&mut self, out: &mut Readings) -> Vec<String> {
        if self.patterns.is_empty() {
            return Vec::new();
        }
        let patterns = self.patterns.clone();
        let slow = "the disk does not answer";
        let read = self.blocking.within(self.wait(), slow, move || {
            let found = patterns.into_iter().map(|pattern| {
                let found = files::matching(&pattern);
                (pattern, found)
            });
            Ok(found.collect::<Vec<_>>())
        });
        let found = match read.await {
            Ok(found) => found,
            Err(error) => return vec![format!("cannot read status files of OpenVPN: {error}")],
        };
        let now = clock::now();
        let mut faults = Vec::new();
        let mut all: BTreeMap<PathBuf, io::Result<Content>> = BTreeMap::new();
        for (pattern, found) in found {
            match found {
                Ok(found) if found.is_empty() && !self.is_default => {
                    faults.push(format!(
                        "no {}: OpenVPN does not run, or writes its status elsewhere",
                        pattern.display()
                    ));
                }
                Ok(found) => all.extend(found),
                // Debian's package makes the directory, root's alone, whether a server runs or not.
                Err(error)
                    if error.kind() == ErrorKind::PermissionDenied
                        && self.is_default
                        && !self.may_run() => {}
                Err(error) => faults.push(denied("look for", &pattern, &error)),
            }
        }
        self.files.retain(|path, _| all.contains_key(path));
        for file in all {
            faults.extend(self.take(out, file, now).err());
        }
        faults
    }

    /// Records what is in one file.
    fn take(&mut self, out: &mut Readings, (path, read): Found, now: Now) -> Result<(), String> {
        let source = self
            .files
            .entry(path.clone())
            .or_insert_with(|| Source::new(&path));
        let content = read.map_err(|error| denied("read", &path, &error))?;
        let status = status::status(&content.bytes).map_err(|why| {
            format!(
                "cannot parse the status of OpenVPN in {}: {why}",
                path.display()
            )
        })?;
        let written = status.written.unwrap_or(content.modified);
        let age = now
            .wall_secs()
            .saturating_sub(written)
            .try_into()
            .unwrap_or_default();
        match source.look(&status.stamp, Duration::from_secs(age), now.boot) {
            Look::Stale(age) => Err(format!(
                "{} was not written for {} s, since {}: OpenVPN has ended or hangs; where it is gone for good, remove the file",
                path.display(),
                age.as_secs(),
                status.stamp
            )),
            look => {
                source.record(out, &mut self.wanted, status, None, look == Look::New);
                Ok(())
            }
        }
    }
}

fn denied(what: &str, path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "cannot {what} {path}: this user may not; enable the drop-in {DROPIN}, or disable the collector where no OpenVPN server runs"
        ),
        _ => format!("cannot {what} {path}: {error}"),
    }
}
