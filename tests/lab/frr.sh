# Routers with FRR's daemons (sourced after lib.sh), each with a directory of its own for configuration and sockets.
# shellcheck shell=bash

FRR=/usr/lib/frr

need_frr() {
  local daemon
  for daemon in zebra bgpd bfdd; do [ -x $FRR/$daemon ] || skip "needs frr: tests/run tools installs it on Debian"; done
  command -v vtysh >/dev/null || skip "needs vtysh: tests/run tools installs it on Debian"
}

# frr_start SIDE NAMESPACE DAEMON: its configuration is SIDE/DAEMON.conf
frr_start() {
  local at="$RUN/$1"
  rm -f "$at/$3.vty"
  chown frr:frr "$at" "$at"/*.conf
  # Timers of BFD and BGP are below a second here: they come before the other labs' work.
  bg "$1-$3" nice -n -10 ip netns exec "$2" $FRR/"$3" -f "$at/$3.conf" -i "$at/$3.pid" -z "$at/zserv.api" --vty_socket "$at" -P 0 -u frr -g frr
  wait_for 10 [ -S "$at/$3.vty" ] || die "$3 of $1: $(cat "$RUN/$1-$3.err" "$at/$3.log")"
}

# frr_up SIDE NAMESPACE DAEMON...: bgpd's configuration comes from standard input
frr_up() {
  local side=$1 ns=$2 daemon
  mkdir -p "$RUN/$side"
  cat >"$RUN/$side/bgpd.conf"
  shift 2
  for daemon; do
    printf 'hostname %s\nlog file %s/%s/%s.log\n' "$side" "$RUN" "$side" "$daemon" >"$RUN/$side/head"
    cat "$RUN/$side/$daemon.conf" >>"$RUN/$side/head" 2>/dev/null || true
    mv "$RUN/$side/head" "$RUN/$side/$daemon.conf"
    frr_start "$side" "$ns" "$daemon"
  done
}
