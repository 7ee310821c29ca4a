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
needs() { inside test -e "$1" || skip "needs $1: tests/run tools installs $2 on Debian"; }

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
