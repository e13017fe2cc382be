# shellcheck shell=bash
# Daemons known by pid and start time, kept in $dir/pids, so that a reused pid is never taken for one of ours.

start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # the name before it may hold spaces
  # shellcheck disable=SC2086
  set -- $stat
  # A zombie that nobody reaps, as under some containers' first process, counts as ended.
  [[ $1 != Z && $1 != X ]] && echo "${20}"
}

pid_of() {
  local pid started
  read -r pid started 2>/dev/null <"$dir/pids/$1" || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] && echo "$pid"
}

alive() { pid_of "$1" >/dev/null; }

# In a session of its own, and with none of our files but its log.
spawn() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.out" 2>&1 9<&- &
  echo "$! $(start_time $!)" >"$dir/pids/$name"
  disown $!
}

# end_process NAME [SIGNAL]: nothing here is worth a graceful end, unless the caller says so.
end_process() {
  local pid tries
  pid=$(pid_of "$1") || return 0
  kill "-${2:-KILL}" "$pid" 2>/dev/null || return 0
  for ((tries = 0; tries < 200; tries++)); do
    alive "$1" || return 0
    sleep 0.05
  done
  [[ ${2:-KILL} == KILL ]] && fail "process $pid ($1) does not end"
  end_process "$1" KILL
}

# Runs a command of ours that needs the daemons; ends it, and us, as soon as one of them has died.
with_daemons() {
  local pid
  "$@" 9<&- &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    if ! alive mon || { [[ -e $dir/pids/osd ]] && ! alive osd; }; then
      kill -KILL $pid 2>/dev/null || true
      fail 'a daemon ended while starting'
    fi
    sleep 0.02
  done
  wait $pid
}

# The first of a few tries that succeeds.
retried() {
  local try
  for try in 1 2 3 4 5; do
    "$@" && return
    sleep "0.$try"
  done
  return 1
}
