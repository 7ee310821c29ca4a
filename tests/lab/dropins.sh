# The drop-ins of the unit, each tried with the real source that it is for: without it one collector fails and names it and
# the others go on, with it nothing fails. Sourced by lab/systemd, which has booted the container.
# shellcheck shell=bash

TRIED=()

names_the_missing_right() {
  inside ip netns add dataplane
  daemon dataplane ip netns exec dataplane sleep infinity
  inside sh -c 'systemctl show -P MainPID dataplane >/run/firewall.pid'
  right conntrack netns 'netns = ["dataplane"]'
  right conntrack netns-pid 'netns = ["/run/firewall.pid"]'
  right conntrack nft 'new_sessions_counter = "inet filter new_flows"'
  inside systemctl stop dataplane
  keepalived
  routing
  openvpn
  kernel_ipsec
  wireguard
  strongswan
  every_dropin_was_tried
}

# daemon NAME [OPTION]... COMMAND...: in the container, as root
daemon() { local name=$1; shift; inside systemd-run --quiet --unit="$name" "$@"; }

# right COLLECTOR DROPIN [SETTINGS]: it without and with its drop-in
right() {
  local collector=$1 dropin=$2.conf
  configure "[collectors.$collector]
${3:-}"
  once_in_sandbox
  equal "exit code of once without $dropin" "$STATUS" 1
  collector_is "$collector" failed
  check "it names its drop-in" "$(error_of "$collector")" contains "$(error_of "$collector")" "$dropin"
  equal "without $dropin, failed collectors" "$(collectors failed)" "$collector"
  for name in cpu interfaces; do collector_is "$name" ok; done
  # The service itself takes a window for it: for one of each kind.
  case $2 in netns | vrrp) others_publish "$dropin" ;; esac
  with "$2"
  once_in_sandbox
  collector_is "$collector" ok
  no_failed_collector "with $dropin"
  without "$2"
  configure
}

others_publish() {
  local before; before=$(calls)
  inside systemctl start fwmetrics || journal -u fwmetrics -n 5
  check "without $1 the others publish" "$before calls before" wait_for $((3 * WINDOW + 10)) calls_beyond "$before"
  inside systemctl stop fwmetrics
}

with() {
  inside install -D -m 644 "/opt/fwm/deploy/fwmetrics.service.d/$1.conf" "/etc/systemd/system/fwmetrics.service.d/$1.conf"
  TRIED+=("$1.conf")
}
without() { inside rm "/etc/systemd/system/fwmetrics.service.d/$1.conf"; }

# poller.conf gives room and no right: bench/firewalls.
every_dropin_was_tried() {
  local file
  for file in "$REPO"/deploy/fwmetrics.service.d/*.conf; do
    file=$(basename "$file")
    check "tried" "$file" is_among "$file" poller.conf "${TRIED[@]}"
  done
}
is_among() { local one=$1 other; shift; for other; do [ "$one" != "$other" ] || return 0; done; return 1; }

# needs PROGRAM PACKAGE: of Debian
needs() { inside test -e "$1" || skip "needs $1 ($2): on Debian tests/run tools installs packages"; }

# --- keepalived -------------------------------------------------------------------------------

# Its PID file and its dump are where they are by default.
keepalived() {
  local part mode
  needs /usr/sbin/keepalived keepalived
  inside_write /etc/keepalived/keepalived.conf <<'CONF'
vrrp_instance VI_1 {
  interface sd0
  virtual_router_id 51
  advert_int 0.2
  version 3
  virtual_ipaddress {
    198.18.61.100/24
  }
}
CONF
  inside chmod 644 /etc/keepalived/keepalived.conf
  daemon lab-keepalived /usr/sbin/keepalived --dont-fork --vrrp
  check "keepalived runs" "its PID file" wait_for 10 inside test -s /run/keepalived.pid
  # One right of the drop-in after the other: each that is still missing is told, and the drop-in named.
  for part in ProtectProc=default "CapabilityBoundingSet=CAP_KILL AmbientCapabilities=CAP_KILL" PrivateTmp=no; do
    # shellcheck disable=SC2086 # two settings
    dropin "part-${part%%=*}" $part
    once_in_sandbox
    check "with a part of vrrp.conf, up to $part" "$(error_of vrrp)" contains "$(error_of vrrp)" "vrrp.conf"
  done
  inside sh -c 'rm /etc/systemd/system/fwmetrics.service.d/part-*.conf'
  right vrrp vrrp
  equal "keepalived lives" "$(property ActiveState lab-keepalived)" active
  inside systemctl stop lab-keepalived

  # The way with less that vrrp.conf tells of.
  inside install -d -m 2750 -g fwmetrics /run/keepalived-dump
  daemon lab-keepalived --setenv=TMPDIR=/run/keepalived-dump /usr/sbin/keepalived --dont-fork --vrrp --umask=0137
  wait_for 10 inside test -s /run/keepalived.pid || die "keepalived does not start"
  dropin less CapabilityBoundingSet=CAP_KILL AmbientCapabilities=CAP_KILL ProtectProc=default
  configure '[collectors.vrrp]
dump = "/run/keepalived-dump/keepalived.json"'
  once_in_sandbox
  mode=$(inside stat -c '%U %G %a' /run/keepalived-dump/keepalived.json)
  equal "its dump for the group" "$mode" "root fwmetrics 640"
  collector_is vrrp ok
  without less
  configure
  inside systemctl stop lab-keepalived
}

# --- routing ----------------------------------------------------------------------------------

# A peer that is never there will do: what is tried is the way to the daemon.
routing() {
  needs /usr/lib/frr/bgpd frr
  needs /usr/sbin/bird bird2
  inside_write /etc/frr/bgpd.conf <<'CONF'
router bgp 65001
 neighbor 198.18.61.2 remote-as 65002
CONF
  inside install -d -m 755 -o frr -g frr /run/frr
  daemon lab-bgpd /usr/lib/frr/bgpd -f /etc/frr/bgpd.conf -i /run/frr/bgpd.pid -Z -P 0 -u frr -g frr
  check "bgpd runs" "its socket" wait_for 10 inside test -S /run/frr/bgpd.vty
  right bgp frr
  inside systemctl stop lab-bgpd
  inside rm -rf /run/frr

  inside_write /etc/bird/lab.conf <<'CONF'
router id 198.18.61.1;
protocol device { }
protocol bgp peer {
  local 198.18.61.1 as 65001;
  neighbor 198.18.61.2 as 65002;
  ipv4 { import all; export none; };
}
CONF
  inside chmod 644 /etc/bird/lab.conf
  inside install -d -m 755 -o bird -g bird /run/bird
  daemon lab-bird /usr/sbin/bird -f -c /etc/bird/lab.conf -s /run/bird/bird.ctl -u bird -g bird
  check "bird runs" "its socket" wait_for 10 inside test -S /run/bird/bird.ctl
  right bgp bird
  inside systemctl stop lab-bird
  inside rm -rf /run/bird
}

# --- tunnels ----------------------------------------------------------------------------------

# Its files as openvpn-server@.service of Debian makes them: /run/openvpn-server is root's alone.
openvpn() {
  needs /usr/sbin/openvpn openvpn
  needs /dev/net/tun "a kernel with tun"
  inside install -d -m 710 /run/openvpn-server
  inside sh -c 'cd /run && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=lab -keyout lab.key -out lab.crt 2>/dev/null'
  daemon lab-openvpn /usr/sbin/openvpn --dev lab0 --dev-type tun --mode server --tls-server --local 198.18.61.1 --proto udp \
    --ca /run/lab.crt --cert /run/lab.crt --key /run/lab.key --dh none \
    --status /run/openvpn-server/status-lab.log 1 --status-version 2 --keepalive 1 5
  check "openvpn runs" "its status file" wait_for 10 inside test -s /run/openvpn-server/status-lab.log
  # Named, since /sys of the container shows the host's interfaces: by default it is looked for where there is a tun device.
  right openvpn openvpn 'status_file = "/run/openvpn-server/status-*.log"'
  inside systemctl stop lab-openvpn
  inside rm -rf /run/openvpn-server
}

# This kernel need not have a single policy: it tells their list to nobody else.
kernel_ipsec() { right xfrm xfrm 'tunnels = true'; }

# With the kernel's own WireGuard, where it has it. A userspace one keeps its socket to root, and wireguard-go ends when
# somebody changes the socket's group or mode, so that CAP_DAC_OVERRIDE alone opens it.
wireguard() {
  if inside ip link add lab-wg type wireguard 2>/dev/null; then
    wireguard_peer
    right wireguard wireguard
    inside ip link delete lab-wg
  else
    echo "this kernel has no WireGuard: wireguard.conf is tried with a userspace one alone"
  fi
  needs /usr/bin/wireguard-go wireguard-go
  daemon lab-wg --setenv=WG_PROCESS_FOREGROUND=1 /usr/bin/wireguard-go -f lab-wg
  check "wireguard-go runs" "its socket" wait_for 10 inside test -S /run/wireguard/lab-wg.sock
  wireguard_peer
  configure '[collectors.wireguard]'
  with wireguard
  once_in_sandbox
  collector_is wireguard failed
  check "it names its drop-in" "$(error_of wireguard)" contains "$(error_of wireguard)" wireguard.conf
  equal "with wireguard.conf as it is, failed collectors" "$(collectors failed)" wireguard
  dropin override CapabilityBoundingSet=CAP_DAC_OVERRIDE AmbientCapabilities=CAP_DAC_OVERRIDE
  once_in_sandbox
  collector_is wireguard ok
  no_failed_collector "with CAP_DAC_OVERRIDE"
  without override
  without wireguard
  configure
  inside systemctl stop lab-wg
}
# shellcheck disable=SC2016 # expanded by the inner shell
wireguard_peer() {
  inside sh -c 'umask 077; wg genkey >/run/lab-wg.key && wg set lab-wg private-key /run/lab-wg.key peer "$(wg genkey | wg pubkey)"'
}

# Both ways that strongswan.conf tells of: its right, and the socket given to the group.
strongswan() {
  needs /usr/sbin/charon-systemd charon-systemd
  inside_write /etc/lab-charon.conf <<'CONF'
charon-systemd {
  load = random nonce openssl kernel-netlink socket-default vici
}
CONF
  daemon lab-charon --setenv=STRONGSWAN_CONF=/etc/lab-charon.conf /usr/sbin/charon-systemd
  check "charon runs" "its socket" wait_for 10 inside test -S /run/charon.vici
  inside_write /etc/swanctl/conf.d/lab.conf <<'CONF'
connections {
  lab {
    remote_addrs = 198.18.61.2
    local { auth = psk }
    remote { auth = psk }
    children { lab { } }
  }
}
CONF
  inside swanctl --load-all >"$RUN/swanctl.out" 2>&1 || die "swanctl: $(cat "$RUN/swanctl.out")"
  right strongswan strongswan
  inside chgrp fwmetrics /run/charon.vici
  once_in_sandbox
  collector_is strongswan ok
  no_failed_collector "with the socket for the group"
  inside systemctl stop lab-charon
}
