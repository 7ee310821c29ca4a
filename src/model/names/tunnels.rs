//! Metrics of tunnels.

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::unit::Unit;

/// Whether a tunnel is up.
pub static TUNNEL_STATE: Metric = Metric::new(
    "TunnelState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the tunnel is up, 0 when it is down, or expected and not configured; PAN-OS: state active is 1, init and inactive 0; strongSwan: a child SA of the configured child is installed; WireGuard: the handshake is fresh, or nothing was to be sent; kernel IPsec: an SA for each policy in both directions; OpenVPN: the expected client is in the server's list, a client's own connection is CONNECTED; tunnel interfaces: a tun with a process behind it, others by liveness_secs",
)
.detail(Detail::On(OwnDimension::Tunnel))
.active_only();

/// What the tunnel monitor says.
pub static TUNNEL_MONITOR_STATE: Metric = Metric::new(
    "TunnelMonitorState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the tunnel monitor gets answers, 0 when not; none where there is no monitor. PAN-OS only",
)
.detail(Detail::On(OwnDimension::Tunnel))
.active_only();

/// Tunnels that should be up.
pub static TUNNELS_CONFIGURED: Metric = Metric::new(
    "TunnelsConfigured",
    Unit::Count,
    Sets::Instance,
    "Tunnels configured or expected, those without a state that is known left out",
)
.active_only();

/// Tunnels that are up.
pub static TUNNELS_UP: Metric = Metric::new(
    "TunnelsUp",
    Unit::Count,
    Sets::Instance,
    "Tunnels configured or expected that are up",
)
.active_only();

/// Tunnels that are down.
pub static TUNNELS_DOWN: Metric = Metric::new(
    "TunnelsDown",
    Unit::Count,
    Sets::FleetAndInstance,
    "TunnelsConfigured - TunnelsUp",
)
.active_only();

/// Bytes that came out of a tunnel.
pub static TUNNEL_BYTES_IN: Metric = Metric::new(
    "TunnelBytesIn",
    Unit::Bytes,
    Sets::DetailOnly,
    "Bytes received through the tunnel; PAN-OS: of its tunnel interface; IPsec: of all its SAs, also over a rekey",
)
.detail(Detail::On(OwnDimension::Tunnel))
.opt_in()
.active_only();

/// Bytes that went into a tunnel.
pub static TUNNEL_BYTES_OUT: Metric = Metric::new(
    "TunnelBytesOut",
    Unit::Bytes,
    Sets::DetailOnly,
    "Bytes sent through the tunnel, likewise",
)
.detail(Detail::On(OwnDimension::Tunnel))
.opt_in()
.active_only();

/// Packets that a tunnel refused.
pub static TUNNEL_ERRORS: Metric = Metric::new(
    "TunnelErrors",
    Unit::Count,
    Sets::DetailOnly,
    "Packets that the tunnel refused; PAN-OS and IPsec: not decrypted, not authenticated or replayed; Linux interfaces: rx_errors + tx_errors",
)
.detail(Detail::On(OwnDimension::Tunnel))
.opt_in()
.active_only();

/// How near a tunnel is to its ceiling.
pub static TUNNEL_BANDWIDTH_UTILIZATION: Metric = Metric::new(
    "TunnelBandwidthUtilization",
    Unit::Percent,
    Sets::Instance,
    "Bits per second of the busiest tunnel in its busier direction against a configured ceiling, 1.25 Gbit/s by default (an AWS VPN tunnel's)",
)
.detail(Detail::OptIn(OwnDimension::Tunnel))
.opt_in()
.active_only();

/// How old a WireGuard peer's last handshake is.
pub static TUNNEL_HANDSHAKE_AGE: Metric = Metric::new(
    "TunnelHandshakeAge",
    Unit::Seconds,
    Sets::DetailOnly,
    "Seconds since the last handshake with the WireGuard peer; none where there never was one. Goes on on a passive member",
)
.detail(Detail::On(OwnDimension::Tunnel))
.opt_in();

/// IKE negotiations under way.
pub static IKE_HALF_OPEN: Metric = Metric::new(
    "IkeHalfOpen",
    Unit::Count,
    Sets::Instance,
    "IKE SAs that are not established yet; many that stay are a flood, or peers that cannot agree",
)
.opt_in();

/// Packets that the kernel's IPsec refused.
pub static XFRM_ERRORS: Metric = Metric::new(
    "XfrmErrors",
    Unit::Count,
    Sets::Instance,
    "Errors of the kernel's IPsec, all counters of /proc/net/xfrm_stat together",
)
.detail(Detail::OptIn(OwnDimension::Counter));
