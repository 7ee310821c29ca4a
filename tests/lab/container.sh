# A throw-away systemd (PID 1 of a container over an overlay of /) for lab tests; sourced after lib.sh.
# What is written in it goes to a tmpfs. MemoryMax=, TasksMax= and CPUQuota= are not enforced in it where
# the host has control groups of version 1: no check says anything about them.
# shellcheck shell=bash

# container_boot NETNS STAGE: boots as far as basic.target in the namespace; STAGE is /opt/fwm in it, read-only.
# / is bound in a mount namespace of its own, so that nothing in $RUN ever leads to the host's files.
container_boot() {
  command -v systemd-nspawn >/dev/null || skip "needs systemd-nspawn: tests/run tools installs it on Debian"
  local tun=() # for daemons that make tunnels
  [ ! -c /dev/net/tun ] || tun=(--bind=/dev/net/tun)
  mkdir "$RUN/root"
  # shellcheck disable=SC2016 # expanded by the inner shell
  bg nspawn unshare --mount --propagation private sh -c 'mount --bind / "$1" && root=$1 && shift && exec "$@" -D "$root" --boot -- --unit=basic.target' \
    - "$RUN/root" systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --console=pipe \
    --volatile=overlay --network-namespace-path="/run/netns/$1" --capability=CAP_NET_ADMIN "${tun[@]}" --bind-ro="$2:/opt/fwm"
  wait_for 30 container_is_up || skip "systemd-nspawn cannot boot here: $(tail -n 3 "$RUN/nspawn.err")"
}

container_is_up() {
  LEADER=$(pgrep -o -P "$(cat "$RUN/nspawn.pid")") && inside systemctl is-active -q basic.target
}

# inside COMMAND...: as root in the container
inside() { nsenter -t "$LEADER" -a "$@" </dev/null; }

# inside_write FILE: standard input into a file of the container
# shellcheck disable=SC2016 # expanded by the inner shell
inside_write() { nsenter -t "$LEADER" -a sh -c 'mkdir -p "$(dirname "$1")" && cat >"$1"' - "$1"; }

# property NAME [UNIT]
property() { inside systemctl show -P "$1" "${2:-fwmetrics}"; }

journal() { inside journalctl --sync || true; inside journalctl --quiet --no-pager "$@" || true; }
