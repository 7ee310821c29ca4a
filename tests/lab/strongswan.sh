# Two gateways with strongSwan (sourced after lib.sh): charon of fwm-ips-a is the one that is read, charon of fwm-ips-b its
# peers. ESP in user space (kernel-libipsec, over a TUN device and UDP), so that no kernel needs IPsec.
# shellcheck shell=bash

CHARON=/usr/sbin/charon-systemd
A=fwm-ips-a B=fwm-ips-b

need_strongswan() {
  [ -x "$CHARON" ] || skip "needs $CHARON: tests/run tools installs it on Debian (charon-systemd)"
  command -v swanctl >/dev/null || skip "needs swanctl: tests/run tools installs it on Debian (strongswan-swanctl)"
  [ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] ||
    skip "needs strongSwan's kernel-libipsec: tests/run tools installs it on Debian (libcharon-extra-plugins)"
  [ -c /dev/net/tun ] || skip "needs /dev/net/tun"
}

# charon_settings SIDE [KEY = VALUE]: its strongswan.conf
charon_settings() {
  mkdir -p "$RUN/$1"
  cat >"$RUN/$1/strongswan.conf" <<CONF
charon-systemd {
  load = random nonce openssl pem pkcs1 x509 pubkey kdf gcm hmac kernel-libipsec kernel-netlink socket-default vici updown
  install_virtual_ip = no
  retransmit_timeout = 0.5
  retransmit_tries = 3
  retransmit_base = 1.5
  close_ike_on_child_failure = no
  ${2:-}
  plugins {
    vici {
      socket = unix://$RUN/$1/charon.vici
    }
  }
  filelog {
    log {
      path = $RUN/$1/charon.log
      time_format = %s
      default = 1
      flush_line = yes
    }
  }
}
swanctl {
  load = pem pkcs1 x509 openssl
}
CONF
}

# connection NAME LOCAL REMOTE LOCAL_ID REMOTE_ID CHILD LOCAL_TS REMOTE_TS [LINE_OF_CONNECTION [LINE_OF_CHILD]]
connection() {
  cat <<CONF
  $1 {
    version = 2
    local_addrs = $2
    remote_addrs = $3
    encap = yes
    mobike = no
    dpd_delay = 1s
    proposals = aes128gcm16-prfsha256-ecp256
    ${9:-}
    local {
      auth = psk
      id = $4
    }
    remote {
      auth = psk
      id = $5
    }
    children {
      $6 {
        local_ts = $7
        remote_ts = $8
        esp_proposals = aes128gcm16-ecp256
        ${10:-}
      }
    }
  }
CONF
}

# The end of a swanctl.conf: of its connections, and the key.
secrets() { printf '}\nsecrets {\n  ike-lab {\n    secret = "lab-only-psk"\n  }\n}\n'; }

# charon_start SIDE NAMESPACE
charon_start() {
  # A peer is given up after four seconds, and each datagram of the traffic passes here.
  STRONGSWAN_CONF="$RUN/$1/strongswan.conf" bg "charon-$1" nice -n -10 ip netns exec "$2" "$CHARON"
  wait_for 10 vici "$1" up || die "charon of $1 did not start: $(cat "$RUN/charon-$1.err" "$RUN/$1/charon.log")"
  charon_load "$1"
}

charon_load() { sw "$1" --load-all --noprompt --file "$RUN/$1/swanctl.conf"; }

# sw SIDE ARGUMENTS...: swanctl, which has to do it
sw() { may_sw "$@" || die "swanctl $*: $(cat "$RUN/$1/swanctl.out" "$RUN/$1/swanctl.err")"; }
may_sw() {
  local side=$1; shift
  STRONGSWAN_CONF="$RUN/$side/strongswan.conf" nice -n -10 swanctl "$@" --uri "unix://$RUN/$side/charon.vici" \
    >"$RUN/$side/swanctl.out" 2>"$RUN/$side/swanctl.err"
}

vici() { local side=$1; shift; python3 "$LAB/vici.py" "$RUN/$side/charon.vici" "$@"; }

# Connections that somebody holds to it, `fwmetrics run` too: from here, or from its own namespace (a socket belongs to its
# client's).
readers() {
  { ss -xH state connected src "$RUN/$1/charon.vici"; in_ns "$A" ss -xH state connected src "$RUN/$1/charon.vici"; } | wc -l
}
# more_readers SIDE BEFORE
more_readers() { [ "$(readers "$1")" -gt "$2" ]; }

# kill_charon SIDE SIGNAL
kill_charon() { kill "-$2" "$(cat "$RUN/charon-$1.pid")"; }
# Ends it at once; its socket stays.
charon_dies() {
  local pid; pid=$(cat "$RUN/charon-$1.pid")
  kill -9 "$pid"; wait "$pid" 2>/dev/null || true
  rm -f "$RUN/charon-$1.pid"
}
cut_wire() {
  in_ns $B nft -f - <<'NFT'
table inet cut {
  chain input { type filter hook input priority -300; iifname "wan" drop; }
  chain output { type filter hook output priority -300; oifname "wan" drop; }
}
NFT
}
heal_wire() { in_ns $B nft delete table inet cut; }
