# Sourced by what needs something over a network.
# shellcheck shell=bash

# tries COMMAND...: up to three times
tries() {
  local left
  for left in 2 1 0; do
    ! "$@" || return 0
    [ $left = 0 ] || { echo "once more in 20 s: $*"; sleep 20; }
  done
  return 1
}
