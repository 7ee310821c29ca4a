# Another kernel, in seconds: Debian's cloud kernel under QEMU's own CPU (no KVM needed), for what the kernel at hand may
# lack, such as WireGuard, ESP and clocks that may be set. Sourced after lib.sh. The guest has no network device.
#
# The package and the base file system are kept in $GUEST_CACHE, and made anew when this file changes.
# shellcheck shell=bash

. "$LAB/../tries.sh"
GUEST_CACHE=${GUEST_CACHE:-$(realpath -m "${CARGO_TARGET_DIR:-$LAB/../../target}/guest")}
GUEST_SECS=900 # from power on to power off; a tenth of it on a machine that has nothing else to do
GUEST_PROGRAMS=(/bin/bash /sbin/ip /usr/sbin/nft /bin/ping /usr/bin/wg /usr/bin/setpriv /usr/sbin/swanctl /usr/sbin/charon-systemd)
GUEST_TREES=(/usr/lib/ipsec /usr/lib/x86_64-linux-gnu/libgcc_s.so.1)
GUEST_MODULES=(wireguard esp4 xfrm_user xfrm_interface veth nf_tables seqiv echainiv gcm ghash_generic aes_generic ctr
  hmac cbc authenc sha256_generic sha512_generic drbg ansi_cprng jitterentropy_rng
  ip_gre ip6_gre ipip sit ip6_tunnel ip_vti ip6_vti geneve vxlan tun)

guest_needs() {
  local command
  [ "$(uname -m)" = x86_64 ] || skip "the guest is for x86_64"
  for command in qemu-system-x86_64 busybox cpio depmod modprobe dpkg apt-get ldd strip "${GUEST_PROGRAMS[@]}"; do
    command -v "$command" >/dev/null || skip "needs $command: tests/run tools installs it on Debian"
  done
}

# guest_run SCRIPT [FILE...]: boots, runs SCRIPT there with the FILEs and the program in /w, and leaves what it printed in
# $RUN/guest.out and what it handed over in $RUN/guest/
guest_run() {
  local script=$1 base file stage=$RUN/stage; shift
  # One guest at a time: each has both of its processors for itself.
  mkdir -p "$GUEST_CACHE"
  exec 7>"$GUEST_CACHE/lock"
  flock -w 1800 7 || die "another lab holds $GUEST_CACHE/lock"
  guest_base
  mkdir -p "$stage/w" "$RUN/guest"
  cp "$script" "$stage/test.sh"
  for file; do cp -L "$file" "$stage/w/"; done
  strip -o "$stage/w/fwmetrics" "$FWMETRICS"
  guest_libraries "$FWMETRICS" "$stage"
  { cat "$base"; guest_pack "$stage"; } >"$RUN/initrd"
  bg qemu timeout "$GUEST_SECS" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nographic -no-reboot \
    -nic none -kernel "$GUEST_CACHE/vmlinuz" -initrd "$RUN/initrd" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on"
  wait "$(cat "$RUN/qemu.pid")" || true
  rm -f "$RUN/qemu.pid"
  tr -d '\r' <"$RUN/qemu.out" | sed -n '/^##START/,/^##END/p' >"$RUN/guest.out"
  grep -q '^##END 0$' "$RUN/guest.out" || {
    tail -n 30 "$RUN/qemu.out" "$RUN/qemu.err"
    die "the guest's script did not come to its end"
  }
  python3 - "$RUN/guest.out" "$RUN/guest" <<'PYTHON'
import base64, gzip, re, sys
text, folder = open(sys.argv[1], errors="replace").read(), sys.argv[2]
for name, body in re.findall(r"^##FILE (\S+)\n(.*?)^##DONE$", text, re.S | re.M):
    open(f"{folder}/{name}", "wb").write(gzip.decompress(base64.b64decode(body)))
PYTHON
}

# guest_base: sets base, the file system without the test's own files
guest_base() {
  local version root kernel
  base=$GUEST_CACHE/base-$(sha256sum "$LAB/guest.sh" | cut -c -16).gz
  [ ! -s "$base" ] || return 0
  guest_kernel
  root=$RUN/base kernel=$RUN/kernel
  dpkg -x "$GUEST_CACHE"/linux-image-*.deb "$kernel"
  # Debian 13 and newer have everything below /usr.
  [ -d "$kernel/lib/modules" ] || ln -s usr/lib "$kernel/lib"
  version=$(ls "$kernel/lib/modules")
  cp "$kernel/boot/vmlinuz-$version" "$GUEST_CACHE/vmlinuz"
  mkdir -p "$root"/{proc,sys,dev,tmp,etc/iproute2,run,var,usr/{bin,sbin,lib,lib64},w}
  mkdir -p "$root/usr/lib/modules/$version"
  ln -s ../run "$root/var/run"
  for file in bin sbin lib lib64; do ln -s "usr/$file" "$root/$file"; done
  guest_programs "$root"
  guest_modules "$root" "$kernel" "$version"
  cp /etc/iproute2/* "$root/etc/iproute2/" 2>/dev/null || true
  mkdir -p "$root/etc/ssl" && cp /etc/ssl/openssl.cnf "$root/etc/ssl/"
  printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  guest_init >"$root/init"
  chmod 755 "$root/init"
  rm -f "$GUEST_CACHE"/base-*
  guest_pack "$root" >"$base.new"
  mv "$base.new" "$base"
  rm -rf "$root" "$kernel"
}

guest_pack() { (cd "$1" && find . | cpio -o -H newc --quiet | gzip -1); }

guest_kernel() {
  local package
  ! ls "$GUEST_CACHE"/linux-image-*.deb >/dev/null 2>&1 || return 0
  # apt-cache fails where it knows no such package.
  newest() {
    { apt-cache depends linux-image-cloud-amd64 2>/dev/null || true; } |
      sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
  }
  package=$(newest)
  [ -n "$package" ] || { tries apt-get -q update >/dev/null && package=$(newest); }
  [ -n "$package" ] || skip "apt-get knows no linux-image-cloud-amd64"
  # As root: apt's own user may not write here.
  (cd "$GUEST_CACHE" && tries apt-get -q -o APT::Sandbox::User=root download "$package") || skip "apt-get cannot download $package"
}

guest_programs() {
  local root=$1 file name tree
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in $(busybox --list); do [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"; done
  for file in "${GUEST_PROGRAMS[@]}"; do
    rm -f "$root/bin/$(basename "$file")"
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
    guest_libraries "$file" "$root"
  done
  for tree in "${GUEST_TREES[@]}"; do
    mkdir -p "$root$(dirname "$tree")"
    cp -aL "$tree" "$root$(dirname "$tree")/"
    while read -r file; do guest_libraries "$file" "$root"; done < <(find "$tree" -name '*.so*')
  done
}

# guest_libraries PROGRAM ROOT: what it is linked against, below /usr: the guest's /lib is a link, which no folder may replace
guest_libraries() {
  local library place
  while read -r library; do
    place=$2/usr${library#/usr}
    [ -e "$place" ] || { mkdir -p "$(dirname "$place")" && cp -L "$library" "$place"; }
  done < <(ldd "$1" 2>/dev/null | grep -o '/[^ ]*')
}

guest_modules() {
  local root=$1 kernel=$2 version=$3 module file
  depmod -b "$kernel" "$version"
  cp "$kernel/lib/modules/$version"/modules.{builtin,order}* "$root/lib/modules/$version/"
  for module in "${GUEST_MODULES[@]}"; do
    modprobe -n --show-depends -S "$version" -d "$kernel" "$module" 2>/dev/null || true
  done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
    file=lib/modules/$version/${file#*/lib/modules/"$version"/}
    mkdir -p "$root/$(dirname "$file")"
    cp "$kernel/$file" "$root/$file"
  done
  depmod -b "$root" "$version"
}

guest_init() {
  cat <<INIT
#!/bin/bash
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /run
mkdir -p /run/netns /dev/net
dmesg -n 1
for module in ${GUEST_MODULES[*]}; do modprobe \$module 2>/dev/null; done
ip link set lo up
# hand_over FILE...: to the host's \$RUN/guest
hand_over() { local file; for file; do echo "##FILE \$(basename "\$file")"; gzip -c "\$file" | base64 -w 100; echo "##DONE"; done; }
$(declare -f wait_for within rests doing)
export -f hand_over wait_for within rests doing
echo; echo "##START \$(uname -r), up for \$(cut -d' ' -f1 /proc/uptime) s"
status=0; /bin/bash /test.sh </dev/null 2>&1 || status=\$?
echo; echo "##END \$status"
poweroff -f
INIT
}
