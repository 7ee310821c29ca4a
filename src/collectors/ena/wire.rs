//! A driver's statistics: two lists to names and numbers, and ENA's allowances among them.
//!
//! Names from Amazon's driver (kernel/linux/ena/ena_ethtool.c of amzn-drivers). The driver of Linux's own tree has the
//! same ones.

/// The counters of packets over an allowance, in the order of [`Allowances::exceeded`].
pub const EXCEEDED: [&str; 5] = [
    "bw_in_allowance_exceeded",
    "bw_out_allowance_exceeded",
    "pps_allowance_exceeded",
    "conntrack_allowance_exceeded",
    "linklocal_allowance_exceeded",
];
/// Connections that EC2 will still track for the instance.
pub const AVAILABLE: &str = "conntrack_allowance_available";

/// What ENA tells of the instance's limits; `None` where a driver or device does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances {
    /// Packets queued or dropped, since the driver's last reset.
    pub exceeded: [Option<u64>; EXCEEDED.len()],
    /// Connections still to be had: the same number on every interface of an instance.
    pub available: Option<u64>,
}

/// Pairs of name and value. Names have `text_bytes` each, padded with NUL; one that is no UTF-8 is left out.
pub fn statistics<'a>(
    names: &'a [u8],
    values: &'a [u64],
    text_bytes: usize,
) -> impl Iterator<Item = (&'a str, u64)> {
    let names = names.chunks_exact(text_bytes).map(|name| {
        let end = name.iter().position(|byte| *byte == 0);
        std::str::from_utf8(&name[..end.unwrap_or(name.len())])
    });
    names
        .zip(values)
        .filter_map(|(name, value)| Some((name.ok()?, *value)))
}

impl Allowances {
    /// The allowances among a driver's statistics.
    #[must_use]
    pub fn of<'a>(statistics: impl Iterator<Item = (&'a str, u64)>) -> Self {
        let mut found = Allowances::default();
        for (name, value) in statistics {
            if name == AVAILABLE {
                found.available = Some(value);
            } else if let Some(place) = EXCEEDED.iter().position(|known| *known == name) {
                found.exceeded[place] = Some(value);
            }
        }
        found
    }

    /// There is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Allowances::default()
    }

    /// Names of what is not there.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        let exceeded = EXCEEDED.into_iter().zip(self.exceeded);
        exceeded
            .chain([(AVAILABLE, self.available)])
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
    }

    /// The device did not answer its driver: since 2.8.1 the driver then leaves all of them 0 (ena_metrics_stats
    /// ignores the error of ena_com_get_customer_metrics). A full table that never dropped a packet would look the
    /// same, and cannot be told from it.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.available == Some(0) && self.exceeded.iter().flatten().all(|value| *value == 0)
    }
}

/// Seconds since boot, from /proc/uptime.
///
/// # Errors
/// Says what is no such text.
pub fn uptime_secs(text: &str) -> Result<u64, String> {
    let whole = text.split(['.', ' ']).next().unwrap_or_default();
    whole
        .parse()
        .map_err(|_| format!("{text:.40?} does not begin with seconds"))
}
