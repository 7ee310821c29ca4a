# The daemon with windows of a second against the strict endpoint, and what became of each datum (sourced after
# lib.sh). NS names the namespace of the daemon, each lab's own: they run side by side. STRICT names the endpoint (cargo
# build --example strict-cloudwatch). What the endpoint accepted is in $RUN/record, over its own restarts too; ledger.py
# holds it against the account in the daemon's last log line.
# shellcheck shell=bash

STRICT=$(realpath -m "${STRICT:-$LAB/../../target/debug/examples/strict-cloudwatch}")
PORT=4566 # in a namespace of the lab's own
STATE=$RUN/state
RECORD=$RUN/record
# shellcheck disable=SC2034 # for the labs
DATUMS_MOST=25 # in a window here
ENTER=(ip netns exec "$NS") # what starts the daemon

need_agent() {
  need_program
  [ -x "$STRICT" ] || die "no strict endpoint at $STRICT: cargo build --example strict-cloudwatch makes it"
}

# --- the endpoint -----------------------------------------------------------------------------

# endpoint_up NAMESPACE ADDRESS
endpoint_up() {
  : >>"$RECORD"
  bg strict ip netns exec "$1" "$STRICT" --address "$2" --port "$PORT" --record "$RECORD" --for 1800
  wait_for 10 grep -q ^cloudwatch "$RUN/strict.out" || die "the strict endpoint did not start: $(cat "$RUN/strict.err")"
}

# What it says of each call of its newest life: count of those with this word
calls_with() { grep -c -- "$1" "$RUN/strict.out" || true; }

# --- the daemon -------------------------------------------------------------------------------

# settings ENDPOINT [TOML]: the configuration of the next start
settings() {
  printf '[cloudwatch]\nendpoint_url = "%s"\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = "i-1"\n[log]\nlevel = "info,fwmetrics=debug"\n%s\n' \
    "$1" "${2:-}" >"$RUN/agent.toml"
}

# agent_start [COMMAND...]: COMMAND starts its arguments, and is replaced by them
agent_start() {
  GAPS=0 # that were there before the newest fault
  bg agent "${ENTER[@]}" env -i PATH="$PATH" AWS_EC2_METADATA_DISABLED=true AWS_REGION=eu-west-1 \
    AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY \
    FWMETRICS_SPOOL__DIR="$STATE" "$@" "$FWMETRICS" run --config "$RUN/agent.toml"
}

# agent_stop: TERM, and its exit code checked
agent_stop() {
  local status=0 pid
  pid=$(cat "$RUN/agent.pid")
  kill "$pid" || true
  # Its deadline at shutdown is below the 30 s that the unit gives.
  within 30 gone "$pid" || { kill -9 "$pid"; echo "it had to be killed"; }
  wait "$pid" || status=$?
  rm -f "$RUN/agent.pid"
  check "exit code at the end" "$status" [ "$status" = 0 ]
}

# said TEXT: so many lines of its log hold it
said() { grep -c -- "$1" "$RUN/agent.err" || true; }
says() { [ "$(said "$1")" -gt 0 ]; }

# said_once WHAT TEXT
said_once() { check "$1 is said once" "$(said "$2") times" [ "$(said "$2")" = 1 ]; }

# failed: attempts that failed; unsure: those of them where the endpoint may have accepted
failed() { said "an attempt to send failed"; }
unsure() { echo $(($(failed) - $(said "an attempt to send failed: NoConnection"))); }
failures() { grep -o 'an attempt to send failed.*' "$RUN/agent.err" | sort | uniq -c | tr -s ' \n' ' '; }

batches() { find "$STATE/spool" -maxdepth 1 -name '*.batch' 2>/dev/null | wc -l; }
batches_beyond() { [ "$(batches)" -gt "$1" ]; }

# --- what became of each datum ----------------------------------------------------------------

# ledger KEY: of what was accepted until now, and of the newest account
ledger() { python3 "$LAB/ledger.py" "$RECORD" "$RUN/agent.err" "$1"; }

datums() { wc -l <"$RECORD"; }
datums_beyond() { [ "$(datums)" -gt "$1" ]; }

# publishes: a window that ended just now was accepted
publishes() { is_between "$(calc "$EPOCHREALTIME - 4")" "$(ledger newest)" "$EPOCHREALTIME"; }

# recovered WHAT [gaps]: the newest window is through, and all that waited before it; gaps are where windows were dropped
recovered() {
  local through=0 empty=0 start=$EPOCHREALTIME
  wait_for 40 publishes || through=$?
  check "$1: the newest window is through" "after $(calc "int($EPOCHREALTIME - $start)") s" [ $through = 0 ]
  wait_for 90 drained "${2:-}" || empty=$?
  check "$1: all that waited is through" "after $(calc "int($EPOCHREALTIME - $start)") s" [ $empty = 0 ]
  GAPS=$(ledger gaps)
}
# The account of ticks that this machine slept through comes at the end: until then two more of them are taken for granted
# after each fault.
drained() { [ "$(batches)" -le 1 ] && { [ -n "$1" ] || [ "$(ledger gaps)" -le $((GAPS + 2)) ]; }; }

# balanced [DUPLICATES]: to be asked after agent_stop. All that was sealed was sent and arrived, each datum once; where
# answers were lost, up to DUPLICATES came again.
balanced() {
  check "the account balances, nothing dropped" "$(ledger account)" all_sent
  check "each datum arrived" "$(ledger distinct) of $(ledger sealed)" [ "$(ledger distinct)" = "$(ledger sealed)" ]
  check "no window is missing" "$(ledger gaps) gaps, missed ticks $(ledger missed_ticks)" no_gaps
  between "datums that came twice" 0 "$(ledger duplicates)" "${1:-0}"
  echo "     late: $(ledger late) datums, the latest by $(ledger latest) s"
}
all_sent() { [ "$(ledger sealed)" -gt 0 ] && [ "$(ledger sealed)" = "$(ledger sent)" ]; }
# A tick that this machine slept through makes no window.
no_gaps() { [ "$(ledger gaps)" -le "$(ledger missed_ticks)" ]; }
