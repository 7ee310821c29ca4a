//! What /sys and /proc say: which interfaces have the driver, and what machine this is.

use std::io::ErrorKind;

use crate::collector::CollectError;
use crate::host::files::Root;

use super::baseline::Machine;
use super::wire;

const INTERFACES: &str = "/sys/class/net";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const INSTANCE_TYPE: &str = "/sys/devices/virtual/dmi/id/product_name";
const UPTIME: &str = "/proc/uptime";

/// An interface of one of the drivers.
pub(super) struct Interface {
    /// Its name.
    pub(super) name: String,
    /// Name and index: an interface made anew under an old name starts its counters anew.
    pub(super) member: String,
}

/// The interfaces of these drivers, by name.
pub(super) fn interfaces(root: &Root, drivers: &[String]) -> Result<Vec<Interface>, CollectError> {
    let failed = |path: &str, why: &dyn std::fmt::Display| {
        CollectError::Failed(format!("cannot read {}: {why}", root.path(path).display()))
    };
    let names = match root.names(INTERFACES) {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(INTERFACES, &error)),
    };
    let mut found = Vec::new();
    for name in names {
        let path = format!("{INTERFACES}/{name}/device/driver");
        let driver = root.link_name(&path).map_err(|why| failed(&path, &why))?;
        if driver.is_some_and(|driver| drivers.contains(&driver)) {
            let index = text(root, &format!("{INTERFACES}/{name}/ifindex"));
            let member = format!("{name} {}", index.unwrap_or_default());
            found.push(Interface { name, member });
        }
    }
    if found.is_empty() {
        return Err(CollectError::Absent(format!(
            "no interface of driver {} in {}: EC2 instances on Nitro have ENA, those on Xen may not, other machines never",
            drivers.join(", "),
            root.path(INTERFACES).display()
        )));
    }
    Ok(found)
}

/// What the baseline belongs to. All of it is world-readable.
pub(super) fn machine(root: &Root) -> Machine {
    let uptime = text(root, UPTIME);
    Machine {
        boot_id: text(root, BOOT_ID),
        instance_type: text(root, INSTANCE_TYPE),
        uptime_secs: uptime.and_then(|text| wire::uptime_secs(&text).ok()),
    }
}

/// A short text that may be missing: absent, unreadable and empty are all the same here.
fn text(root: &Root, path: &str) -> Option<String> {
    let text = root.read(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
