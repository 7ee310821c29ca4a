set -euo pipefail
export AWS_DEFAULT_REGION=$region

# Not in /tmp: hardened images mount it noexec.
work=/usr/local/fwmetrics-boot

# The stack waits to be told, and rolls back a poller that does not come up.
finish() {
  local code=$? status=FAILURE
  [ "$code" != 0 ] || status=SUCCESS
  [ -z "$stack" ] || aws cloudformation signal-resource --stack-name "$stack" \
    --logical-resource-id Poller --unique-id "$(cat /var/lib/cloud/data/instance-id)" --status "$status" || true
  rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/fwmetrics"
chmod 700 "$work"
case $package_url in
  s3://*) aws s3 cp --only-show-errors "$package_url" "$work/package" ;;
  *) curl -sSfL --retry 5 -o "$work/package" "$package_url" ;;
esac
# Nothing of it is used before its checksum is right.
echo "$package_sha256  $work/package" | sha256sum -c --quiet -

mkdir -p /etc/fwmetrics
# A tunnel without a name is none.
grep -vx '  "",' >/etc/fwmetrics/fwmetrics.toml <<'TOML'
@@config@@
TOML
tar -xzf "$work/package" -C "$work/fwmetrics" --strip-components 1 --no-same-owner
"$work/fwmetrics/install.sh"

# To be run again after a key was changed; fwmetrics reads the files in each pass.
cat >/usr/local/sbin/fwmetrics-keys <<KEYS
#!/bin/bash
set -euo pipefail
umask 077
key() {
  aws secretsmanager get-secret-value --region '$region' --secret-id "\$2" \
    --query SecretString --output text >"/etc/fwmetrics/keys/\$1.new"
  chown fwmetrics:fwmetrics "/etc/fwmetrics/keys/\$1.new"
  mv "/etc/fwmetrics/keys/\$1.new" "/etc/fwmetrics/keys/\$1.key"
}
key fw-a '$secret_a'
key fw-b '$secret_b'
KEYS
chmod 755 /usr/local/sbin/fwmetrics-keys
install -d -m 700 -o fwmetrics -g fwmetrics /etc/fwmetrics/keys
/usr/local/sbin/fwmetrics-keys
systemctl enable --now fwmetrics
