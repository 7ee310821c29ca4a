set -euo pipefail
export AWS_DEFAULT_REGION=$region

imds() { curl -sSf --retry 5 --noproxy '*' "$@"; }
token=$(imds -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
metadata() { imds -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"; }
id=$(metadata instance-id)
address=$(metadata local-ipv4)

# Not in /tmp: hardened images mount it noexec.
work=/usr/local/fwmetrics-boot

# However this ends, the launch hook and the stack are told: a firewall that is not ready takes no traffic.
finish() {
  local code=$? result=ABANDON status=FAILURE
  [ "$code" != 0 ] || result=CONTINUE status=SUCCESS
  aws autoscaling complete-lifecycle-action --lifecycle-hook-name fwmetrics-launch \
    --auto-scaling-group-name "$group" --instance-id "$id" --lifecycle-action-result "$result" || true
  [ -z "$stack" ] || aws cloudformation signal-resource --stack-name "$stack" \
    --logical-resource-id Firewalls --unique-id "$id" --status "$status" || true
  rm -rf "$work"
}
trap finish EXIT

# fetch URL SHA256 FILE: nothing of it is used before its checksum is right.
fetch() {
  case $1 in
    s3://*) aws s3 cp --only-show-errors "$1" "$3" ;;
    *) curl -sSfL --retry 5 -o "$3" "$1" ;;
  esac
  echo "$2  $3" | sha256sum -c --quiet -
}

mkdir -p "$work/fwmetrics"
chmod 700 "$work"
fetch "$package_url" "$package_sha256" "$work/package"
if [ -n "$script_url" ]; then
  fetch "$script_url" "$script_sha256" "$work/firewall"
  bash "$work/firewall"
fi

mkdir -p /etc/fwmetrics
cat >/etc/fwmetrics/fwmetrics.toml <<'TOML'
@@config@@
TOML
tar -xzf "$work/package" -C "$work/fwmetrics" --strip-components 1 --no-same-owner
"$work/fwmetrics/install.sh" --start

# Ready is a firewall that answers what the load balancer will ask it.
answers() {
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/$address/$health_port") 2>/dev/null; then return; fi
    sleep 3
  done
  echo "nothing answers on port $health_port after 300 s" >&2
  return 1
}
answers
