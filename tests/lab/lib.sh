# Shared by the lab tests (sourced): namespaces joined by veth, background processes, host-wide
# sysctls, and one PASS or FAIL line per check. All namespaces are fwm-*, all addresses from
# 198.18.0.0/15, and nothing links them to the host's own namespace: no packet can leave.
# Exit codes: 0 all checks passed, 1 a check failed, 77 skipped (the reason on a line "skip: ...").
# shellcheck shell=bash
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C # decimal points
# Never ask an address outside; and the program takes any FWMETRICS_* name for a setting.
export AWS_EC2_METADATA_DISABLED=true
unset "${!FWMETRICS_@}"

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
FWMETRICS=$(realpath -m "${FWMETRICS:-$LAB/../../target/release/fwmetrics}")
# Host-wide things outlive a run that was killed: the lock, and old values of sysctls.
HOST_STATE=/run/fwm-lab
RUN=$(mktemp -d)
NAMESPACES=()
MOUNTS=()
GROUPS_MADE=() # control groups
FAILED=0

skip() { echo "skip: $*"; exit 77; }
die() { echo "error: $*" >&2; exit 1; }

trap 'cleanup $?' EXIT
trap 'cleanup 130' INT
trap 'cleanup 143' TERM
# A signal may come twice (timeout sends TERM to the process and to its group): from the first line on
# nothing interrupts it, neither a signal nor a reader that has gone.
cleanup() {
  trap '' INT TERM PIPE
  trap - EXIT
  set +e
  local file
  for file in "$RUN"/*.pid; do [ ! -e "$file" ] || stop "$(basename "$file" .pid)"; done
  if [ ${#NAMESPACES[@]} != 0 ]; then # the lock is ours
    [ -z "${ALONE:-}" ] || host_restore
    namespaces_delete "${NAMESPACES[@]}"
  fi
  local at
  for at in "${MOUNTS[@]}"; do ! mountpoint -q "$at" || umount -l "$at"; done
  for at in "${GROUPS_MADE[@]}"; do [ ! -d "$at" ] || rmdir "$at"; done
  rm -rf "$RUN"
  exit "$1"
}

need_program() { [ -x "$FWMETRICS" ] || die "no program at $FWMETRICS: cargo build --release makes it"; }

# need_lab NAMESPACE...: what namespaces need, or a skip with the reason. Labs may run side by side, but for one that
# sets host-wide sysctls (it says ALONE=1 before it sources this file).
need_lab() {
  local command
  [ "$(id -u)" = 0 ] || skip "network namespaces need root"
  for command in ip nft sysctl python3; do
    command -v "$command" >/dev/null || skip "needs $command: tests/run tools installs it on Debian"
  done
  mkdir -p "$HOST_STATE"
  exec 9>"$HOST_STATE/lock"
  if [ -n "${ALONE:-}" ]; then
    flock -w 1800 9 || die "another lab holds $HOST_STATE/lock"
    host_restore
  else
    flock -s -w 1800 9 || die "a lab that has to be alone holds $HOST_STATE/lock"
  fi
  # Labs with namespaces of the same names, told by the first, wait for each other.
  exec 8>"$HOST_STATE/lock.$1"
  flock -w 1800 8 || die "another lab holds $HOST_STATE/lock.$1"
  NAMESPACES=("$@")
  namespaces_delete "$@"
  ip netns add "$1" 2>"$RUN/netns.err" || skip "ip netns add is not permitted: $(cat "$RUN/netns.err")"
  ip netns delete "$1"
}

# --- namespaces and links ---------------------------------------------------------------------

in_ns() { local ns=$1; shift; ip netns exec "$ns" "$@"; }

namespaces_add() {
  local ns
  for ns; do
    ip netns add "$ns"
    # No neighbour discovery: only the test's own packets are on the links.
    in_ns "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
    ip -n "$ns" link set lo up
  done
}

namespaces_delete() {
  local ns
  for ns; do
    [ ! -e "/run/netns/$ns" ] || ip netns delete "$ns"
  done
}

# veth NS1 IF1 CIDR1 NS2 IF2 CIDR2
veth() {
  ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
  ip -n "$1" address add "$3" dev "$2"; ip -n "$1" link set "$2" up
  ip -n "$4" address add "$6" dev "$5"; ip -n "$4" link set "$5" up
}

# client (fwm-cl) -- firewall (fwm-fw: in0, out0) -- server (fwm-srv, 198.18.2.2), connection tracking on.
# A lab that runs beside others gives a prefix of its own for the three, and one that takes longer its seconds.
# firewall_up [PREFIX [SECONDS]]
firewall_up() {
  local cl=${1:-fwm}-cl fw=${1:-fwm}-fw srv=${1:-fwm}-srv
  need_lab "$cl" "$fw" "$srv"
  namespaces_add "$cl" "$fw" "$srv"
  veth "$cl" eth0 198.18.1.2/24 "$fw" in0 198.18.1.1/24
  veth "$srv" eth0 198.18.2.2/24 "$fw" out0 198.18.2.1/24
  ip -n "$cl" route add default via 198.18.1.1
  ip -n "$srv" route add default via 198.18.2.1
  in_ns "$fw" sysctl -qw net.ipv4.ip_forward=1
  in_ns "$fw" nft -f - <<'NFT' || skip "nft cannot load a rule with connection tracking"
table inet firewall {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state new meta l4proto { tcp, udp } accept
  }
}
NFT
  bg server ip netns exec "$srv" python3 "$LAB/flows.py" serve "${2:-300}"
  wait_for 10 in_ns "$cl" python3 "$LAB/flows.py" ping 198.18.2.2 || die "no connection through the firewall"
}

# --- background processes ---------------------------------------------------------------------

# bg NAME COMMAND...: a program, no function (its pid must be the program's own). Its output goes to
# $RUN/NAME.out and NAME.err, its pid to NAME.pid; locks (7 to 9) are not for it
bg() {
  local name=$1; shift
  : >"$RUN/$name.out" 2>"$RUN/$name.err" # at once: nobody reads what an earlier one said
  "$@" >"$RUN/$name.out" 2>"$RUN/$name.err" </dev/null 7>&- 8>&- 9>&- &
  echo $! >"$RUN/$name.pid"
}

# stop NAME: TERM, up to five seconds, KILL; only the process that bg started under this name
stop() {
  local pid; pid=$(cat "$RUN/$1.pid"); rm -f "$RUN/$1.pid"
  kill "$pid" 2>/dev/null || return 0
  if ! within 5 gone "$pid"; then kill -9 "$pid" 2>/dev/null || true; fi
}
gone() { ! kill -0 "$1"; }

# wait_for SECONDS COMMAND...: until it succeeds. The seconds are those of a machine with time to spare; a busy one has three
# times as many, and none waits longer than it has to.
wait_for() { within $((3 * $1)) "${@:2}"; }

# within SECONDS COMMAND...: until it succeeds, where the seconds themselves are what is asked for
within() {
  local end=$((SECONDS + $1)); shift
  while [ "$SECONDS" -le "$end" ]; do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
  return 1
}

# rests PID: for a second it, or the program that it started, had nothing to do. Of `once` that is what is to be seen of
# the time between its two passes.
rests() {
  local pid=$1 below before
  while below=$(pgrep -P "$pid"); do pid=$below; done
  before=$(doing "$pid")
  sleep 1
  [ -n "$before" ] && [ "$(doing "$pid")" = "$before" ] && [[ $before != *State:[[:space:]][!S]* ]]
}
# Of each thread: whether it sleeps, and how often it went to sleep
doing() { grep -hE '^(State|voluntary)' /proc/"$1"/task/*/status; }

# first_pass [NAME]: until `once`, in the background, waits for its second
first_pass() { wait_for 10 rests "$(cat "$RUN/${1:-once}.pid")" || die "no first pass"; }

# --- host-wide sysctls ------------------------------------------------------------------------

# host_set KEY VALUE: the value found first is kept until host_restore, also past a killed run
host_set() {
  [ -n "${ALONE:-}" ] || die "host_set needs ALONE=1"
  [ -s "$HOST_STATE/sysctl.$1" ] || sysctl -n "$1" >"$HOST_STATE/sysctl.$1"
  sysctl -qw "$1=$2"
}

host_restore() {
  local file
  for file in "$HOST_STATE"/sysctl.*; do
    [ -s "$file" ] || continue
    sysctl -qw "${file#"$HOST_STATE"/sysctl.}=$(cat "$file")"
    rm -f "$file"
  done
}

# --- what the program says --------------------------------------------------------------------

# once_start ARGUMENTS...: the program inside the firewall's namespace, in the background
once_start() { bg once timeout 60 ip netns exec fwm-fw "$FWMETRICS" once --format json "$@"; }

# once_wait: until it ended; what it printed is in $RUN/once.out
once_wait() {
  local status=0
  wait "$(cat "$RUN/once.pid")" || status=$?
  rm -f "$RUN/once.pid"
  cat "$RUN/once.err"
  check "exit code of once" "$status" [ "$status" = 0 ]
  [ -s "$RUN/once.out" ] || die "once printed nothing"
}

# sample METRIC: its value without own dimensions
sample() {
  python3 - "$RUN/once.out" "$1" <<'PYTHON'
import json, sys
file, metric = sys.argv[1:]
samples = json.load(open(file))["samples"]
found = [s["value"] for s in samples if s["metric"] == metric and not s["dimensions"]]
print(found[0] if len(found) == 1 else "ambiguous" if found else "absent")
PYTHON
}

# collector_ok NAME
collector_ok() {
  local status
  status=$(python3 - "$RUN/once.out" "$1" <<'PYTHON'
import json, sys
file, name = sys.argv[1:]
collectors = json.load(open(file))["collectors"]
print(*[c["error"] or c["status"] for c in collectors if c["name"] == name])
PYTHON
  )
  check "collector $1" "$status" [ "$status" = ok ]
}

# bracketed SECONDS COLLECTOR PROBE ACTIVITY: `once` over SECONDS with all of ACTIVITY between its two
# passes. PROBE prints a reading as JSON: outer.before and outer.after lie around both passes,
# inner.before and inner.after between them. What the program saw lies between the inner and the
# outer increase, however slow the machine is. The whole run's seconds are left in $ELAPSED.
bracketed() {
  local secs=$1 collector=$2 probe=$3 activity=$4 start=$EPOCHREALTIME spent
  "$probe" >"$RUN/outer.before"
  once_start --only "$collector" --over "${secs}s"
  sleep "$(calc "$secs / 4")" # past the first pass
  "$probe" >"$RUN/inner.before"
  "$activity"
  "$probe" >"$RUN/inner.after"
  spent=$(calc "$EPOCHREALTIME - $start")
  once_wait
  # shellcheck disable=SC2034 # for the test
  ELAPSED=$(calc "$EPOCHREALTIME - $start")
  "$probe" >"$RUN/outer.after"
  between "seconds spent before the second pass" 0 "$spent" "$secs"
}

# key FILE KEY: a number of a reading
key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$RUN/$1" "$2"; }

# increase inner|outer KEY
increase() { calc "$(key "$1.after" "$2") - $(key "$1.before" "$2")"; }

# --- checks -----------------------------------------------------------------------------------

calc() { awk "BEGIN { printf \"%.9g\", $1 }"; }

# contains TEXT WORD: also for what a command prints. A pipe into `grep -q` fails now and then under pipefail: grep goes
# at the first match, and what the command still writes ends it by SIGPIPE.
contains() { [[ $1 == *"$2"* ]]; }

# check NAME DETAIL COMMAND...
check() {
  local name=$1 detail=$2; shift 2
  if "$@"; then echo "PASS $name ($detail)"; else echo "FAIL $name ($detail)"; FAILED=$((FAILED + 1)); fi
}

is_between() { [[ $2 =~ ^-?[0-9] ]] && awk "BEGIN { exit !($1 <= $2 && $2 <= $3) }"; }
# between NAME LOW VALUE HIGH
between() { check "$1" "$3 in $2 .. $4" is_between "$2" "$3" "$4"; }
# near NAME VALUE WANTED TOLERANCE
near() { between "$1" "$(calc "$3 - $4")" "$2" "$(calc "$3 + $4")"; }

finish() { [ "$FAILED" = 0 ] || die "$FAILED checks failed"; }
