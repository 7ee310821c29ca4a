#!/bin/sh
# Installs fwmetrics from the unpacked release files, as root. Running it again changes nothing;
# running that of a newer release upgrades.
#
#   ./install.sh                  program, unit, user, configuration, man page, completions
#   ./install.sh --with NAME      also enables this drop-in of the unit; may be given several times
#   ./install.sh --start          also enables and starts the unit (or restarts it)
#   ./install.sh --root DIR       into the file tree DIR, for packages and images: no user, no systemctl
#   ./install.sh --uninstall      removes what was installed; configuration, state and user stay
#   ./install.sh --purge          removes those too: /etc/fwmetrics with all keys in it, /var/lib/fwmetrics
#
# An edited configuration is never overwritten: the new default is put beside it as NAME.new.
# Exit codes: 0 done, 1 something failed, 2 wrong use.
set -eu

main() {
  root='' action=install start='' with='' made=''
  while [ $# != 0 ]; do
    case $1 in
      -h | --help) usage_text; exit 0 ;;
      --with) [ $# -gt 1 ] || usage "--with wants a name"; with="$with $2"; shift ;;
      --with=*) with="$with ${1#*=}" ;;
      --root) [ $# -gt 1 ] || usage "--root wants a folder"; root=$2; shift ;;
      --root=*) root=${1#*=} ;;
      --start) start=1 ;;
      --uninstall | --purge) action=${1#--} ;;
      *) usage "unknown argument $1" ;;
    esac
    shift
  done
  root=${root%/}
  if [ -n "$root" ]; then
    [ -d "$root" ] || fail "$root is no folder"
    [ -z "$start" ] || usage "--start is not for --root"
  else
    [ "$(id -u)" = 0 ] || fail "this needs root: sudo ./install.sh"
  fi
  umask 022
  places
  case $action in
    install) install_all ;;
    uninstall) uninstall_all ;;
    purge) uninstall_all; purge_all ;;
  esac
}

usage_text() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; }
usage() { echo "install.sh: $*; install.sh --help tells more" >&2; exit 2; }
fail() { echo "install.sh: error: $*" >&2; exit 1; }
say() { echo "$*"; }

# Where things go; paths without $root.
places() {
  program=/usr/bin/fwmetrics
  share=/usr/share/fwmetrics
  manual=/usr/share/man/man1/fwmetrics.1
  documents=/usr/share/doc/fwmetrics
  sysusers=/usr/lib/sysusers.d/fwmetrics.conf
  bash_completion=/usr/share/bash-completion/completions/fwmetrics
  fish_completion=/usr/share/fish/vendor_completions.d/fwmetrics.fish
  zsh_completion=/usr/share/zsh/site-functions/_fwmetrics
  # Debian's zsh looks here
  if [ -d "$root/usr/share/zsh/vendor-completions" ]; then zsh_completion=/usr/share/zsh/vendor-completions/_fwmetrics; fi
  config=/etc/fwmetrics/fwmetrics.toml
  environment=/etc/default/fwmetrics
  state=/var/lib/fwmetrics
  dropins=/etc/systemd/system/fwmetrics.service.d
  units=/usr/lib/systemd/system
  if [ ! -d "$root$units" ]; then
    if [ -d "$root/lib/systemd/system" ]; then
      units=/lib/systemd/system
    elif [ -d "$root/etc/systemd/system" ]; then
      units=/etc/systemd/system
    fi
  fi
  unit=$units/fwmetrics.service
}

# --- installing -------------------------------------------------------------------------------

install_all() {
  from=$(cd "$(dirname "$0")" && pwd)
  [ -f "$from/fwmetrics" ] || fail "$from/fwmetrics is not there: unpack the release tarball and run install.sh in it"
  for name in $with; do
    [ -f "$from/fwmetrics.service.d/$name.conf" ] ||
      fail "no drop-in $name; there are:$(names_of "$from/fwmetrics.service.d")"
  done
  if [ -z "$root" ]; then check_machine; fi
  configurations
  put 755 fwmetrics "$program"
  put 644 fwmetrics.service "$unit"
  put 644 fwmetrics.sysusers "$sysusers"
  put 644 man/fwmetrics.1 "$manual"
  put 644 completions/fwmetrics.bash "$bash_completion"
  put 644 completions/_fwmetrics "$zsh_completion"
  put 644 completions/fwmetrics.fish "$fish_completion"
  for name in README.md CHANGELOG.md LICENSE; do put 644 "$name" "$documents/$name"; done
  for name in "$from"/iam/*; do put 644 "iam/${name##*/}" "$share/iam/${name##*/}"; done
  put 644 fwmetrics.service.d/README.md "$share/fwmetrics.service.d/README.md"
  put 755 install.sh "$share/install.sh"
  if [ -n "$made" ]; then printf %s "$made" >>"$root$share/folders"; fi
  if [ -n "$root" ]; then return; fi
  make_user
  make_state
  if ! "$program" check; then
    fail "$config has the faults above: the unit will not start before they are mended (fwmetrics check shows them)"
  fi
  service
}

names_of() { (cd "$1" && for file in *.conf; do printf ' %s' "${file%.conf}"; done); }

# The machine that the program is for, and a libc that runs it
check_machine() {
  machine=$(od -An -tx1 -j18 -N2 "$from/fwmetrics" | tr -d ' \n')
  case $machine in
    3e00) machine=x86_64 ;;
    b700) machine=aarch64 ;;
    *) fail "$from/fwmetrics is damaged: unpack the tarball again, after sha256sum -c SHA256SUMS" ;;
  esac
  here=$(uname -m)
  [ "$here" = "$machine" ] || fail "these files are for $machine and this machine is $here: take fwmetrics-VERSION-$here.tar.gz"
  if error=$("$from/fwmetrics" --version 2>&1); then return; fi
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo "none found (musl?)")
  fail "the program does not run here. It needs glibc 2.17 or newer; this system's: $libc. It must not lie on a file system mounted noexec. The system says: $error"
}

# put MODE FILE PLACE: into its place by a rename, so that a running program keeps its own file
put() {
  folder "${3%/*}"
  if [ -f "$root$3" ] && cmp -s "$from/$2" "$root$3"; then chmod "$1" "$root$3"; return; fi
  cp "$from/$2" "$root$3.fwm-new"
  chmod "$1" "$root$3.fwm-new"
  mv -f "$root$3.fwm-new" "$root$3"
  say "installed $3"
}

# Makes a folder and those above it, and notes what it made, for --uninstall.
folder() {
  if [ -d "$root$1" ]; then return; fi
  folder "${1%/*}"
  mkdir "$root$1"
  made="$1
$made"
}

# Files that belong to whoever runs the firewall. The default that came with the installed release is kept
# in $share, to tell an edited file from an old default.
configurations() {
  keep fwmetrics.toml "$config"
  keep fwmetrics.default "$environment"
  for path in "$from"/fwmetrics.service.d/*.conf; do
    [ -f "$path" ] || continue
    file=${path##*/}
    case " $with " in
      *" ${file%.conf} "*) keep "fwmetrics.service.d/$file" "$dropins/$file" ;;
      *) if [ -f "$root$dropins/$file" ]; then keep "fwmetrics.service.d/$file" "$dropins/$file"; fi ;;
    esac
    put 644 "fwmetrics.service.d/$file" "$share/fwmetrics.service.d/$file"
  done
  put 644 fwmetrics.toml "$share/fwmetrics.toml"
  put 644 fwmetrics.default "$share/fwmetrics.default"
}

# keep FILE PLACE: installs a default where nothing is, refreshes an unedited one, leaves an edited one
keep() {
  if [ ! -e "$root$2" ] || is_default "$1" "$2"; then
    put 644 "$1" "$2"
  elif cmp -s "$from/$1" "$root$2" || cmp -s "$from/$1" "$root$share/$1"; then
    : # the default itself, or edited and the default has not changed since
  else
    put 644 "$1" "$2.new"
    say "kept your $2; the new default is beside it: $2.new"
  fi
}

is_default() { [ -f "$root$share/$1" ] && cmp -s "$root$share/$1" "$root$2"; }

make_user() {
  if id fwmetrics >/dev/null 2>&1; then return; fi
  shell=/usr/sbin/nologin
  [ -x "$shell" ] || shell=/sbin/nologin
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers "$sysusers"
  elif command -v useradd >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir "$state" --shell "$shell" fwmetrics
  elif command -v adduser >/dev/null; then # busybox
    addgroup -S fwmetrics
    adduser -S -D -H -h "$state" -s "$shell" -G fwmetrics fwmetrics
  else
    fail "no systemd-sysusers, useradd or adduser: make a system user and group fwmetrics, then run this again"
  fi
  say "made the user fwmetrics"
}

# systemd makes it too, but not before version 235 (Amazon Linux 2 has 219).
make_state() {
  if [ -d "$state" ]; then return; fi
  mkdir "$state"
  chown fwmetrics:fwmetrics "$state"
  chmod 700 "$state"
}

under_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

service() {
  if ! under_systemd; then
    say "systemd does not run here: start it another way, as user fwmetrics: $program run"
    if [ -n "$start" ]; then fail "--start needs systemd"; fi
    return
  fi
  systemctl daemon-reload
  if [ -n "$start" ]; then
    systemctl enable fwmetrics
    systemctl restart fwmetrics
    say "fwmetrics runs. Look at it: systemctl status fwmetrics; journalctl -u fwmetrics"
  elif systemctl is-active --quiet fwmetrics; then
    say "The old program still runs. Next: systemctl restart fwmetrics"
  else
    say "See what it reads: fwmetrics once. Then: systemctl enable --now fwmetrics"
  fi
}

# --- removing ---------------------------------------------------------------------------------

uninstall_all() {
  if under_systemd && [ -e "$unit" ]; then
    systemctl disable --now fwmetrics || say "systemctl could not stop fwmetrics: look for the process yourself"
  fi
  folders=$(sort -ru "$root$share/folders" 2>/dev/null || true)
  for path in "$root$dropins"/*.conf; do
    file=${path##*/}
    if is_default "fwmetrics.service.d/$file" "$dropins/$file"; then remove "$dropins/$file"; fi
  done
  remove "$program" "$unit" "$sysusers" "$manual" "$bash_completion" "$zsh_completion" "$fish_completion"
  remove "$share" "$documents"
  empty_folders
  if under_systemd; then systemctl daemon-reload; fi
  if [ "$action" = uninstall ]; then
    say "kept: /etc/fwmetrics, $environment, $state and the user fwmetrics; --purge removes them"
  fi
}

purge_all() {
  remove "$environment" "$environment.new" /etc/fwmetrics "$state" "$dropins"
  empty_folders
  if [ -n "$root" ] || ! id fwmetrics >/dev/null 2>&1; then return; fi
  if command -v userdel >/dev/null; then userdel fwmetrics; else deluser fwmetrics; fi
  if grep -q '^fwmetrics:' /etc/group; then groupdel fwmetrics 2>/dev/null || delgroup fwmetrics; fi
  say "removed the user fwmetrics"
}

remove() {
  for path; do
    if [ -e "$root$path" ]; then
      rm -rf "${root}${path:?}"
      say "removed $path"
    fi
  done
}

# Those that were made for its files, where nothing else came in
empty_folders() {
  for path in $folders; do rmdir "$root$path" 2>/dev/null || true; done
}

main "$@"
