#!/usr/bin/env bash
# A throwaway Ceph object gateway on loopback, from Debian's packages.
set -euo pipefail

usage() {
  cat <<'TEXT'
start-ceph.sh [COMMAND] [OPTIONS]     a throwaway Ceph S3 gateway on 127.0.0.1

  start             (default) start it, or reuse the one running in the folder; prints its facts as JSON
  stop              end exactly the processes it started and remove the folder
  status            print the facts of the running gateway; exit status 1 if there is none
  kill-gateway      end radosgw at once, with every connection; the objects stay
  start-gateway     start radosgw again, on its old port, ending the old one if it runs
  collect-garbage   give back the space of deleted and replaced objects now
  used-bytes        print the bytes the store holds
  check             exit status 1, with the reason, if this machine cannot run it

  --dir DIR             its folder; default: $SLUICEWAY_CEPH_DIR, or .scratch/ceph of the checkout
  --memory SIZE         keep objects in memory, up to SIZE; the default, with 2G
  --bluestore SIZE      keep objects in a sparse file of SIZE in the folder, for objects larger than memory
  --rgw-option K=V      a setting of radosgw, such as rgw_multipart_min_part_size=1048576; repeatable
  --owner PID           end with that process; default: the process that started this script
  --detach              run until `stop`

Runs on Debian 12. As root it installs missing packages; otherwise they must be there.
TEXT
}

readonly packages=(ceph-mon ceph-osd radosgw ceph-common)
readonly access_key=SLUICEWAYTESTKEY0001 secret_key=sluiceway-test-secret-key-not-a-real-secret1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
self=$here/$(basename "${BASH_SOURCE[0]}")
# Debian puts some of the daemons' tools where an ordinary user's PATH does not lead.
export PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "start-ceph: $*" >&2
  exit 1
}

source "$here/processes.sh"
source "$here/cluster.sh"

# Holds the folder against other calls of this script. `stop` removes it, so look again after waiting.
lock() {
  while :; do
    mkdir -p "$dir"
    exec 9<"$dir"
    flock 9
    [[ $dir -ef /proc/$$/fd/9 ]] && return
  done
}

end_daemons() {
  local name
  for name in radosgw osd mon; do end_process "$name"; done
}

remove() {
  [[ -e $dir/.sluiceway-ceph || -z $(ls -A "$dir") ]] || fail "$dir holds other things: not touching it"
  end_daemons
  [[ $command == supervise ]] || end_process supervisor
  rm -rf "$dir"
}

missing_packages() {
  local name
  for name in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo -n " $name"
  done
}

check() {
  local missing
  command -v dpkg-query >/dev/null || fail 'this machine is not Debian'
  missing=$(missing_packages)
  [[ -z $missing || $(id -u) == 0 ]] || fail "only root can install what is missing:$missing"
}

install_packages() {
  local missing apt=(apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  check
  missing=$(missing_packages)
  [[ -n $missing ]] || return 0
  echo "start-ceph: installing$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  # A fresh machine knows no packages, and an old list names files that are gone: refresh it and try once more.
  # shellcheck disable=SC2086
  "${apt[@]}" install $missing >/dev/null 2>&1 ||
    { "${apt[@]}" update >&2 && "${apt[@]}" install $missing >&2; } ||
    fail "could not install$missing"
}

bring_up() {
  end_daemons
  rm -rf "$dir"/{mon,osd,run,pids/mon,pids/osd,pids/radosgw}
  mkdir -p "$dir"/{mon,osd,run}
  write_conf
  start_mon
  start_osd
  create_user
  start_radosgw
  write_facts
}

give_up() {
  local status=$?
  [[ $status == 0 ]] && return
  echo "start-ceph: not started; the logs are in $dir/log" >&2
  tail -n 5 "$dir"/log/*.out >&2 || true
  end_daemons
  end_process supervisor
}

running() { [[ -f $dir/gateway.json ]] && alive mon && alive osd && alive radosgw; }

start() {
  local try status=1
  lock
  if ! running; then
    remove
    lock
    install_packages
    mkdir -p "$dir"/{pids,log}
    touch "$dir/.sluiceway-ceph"
    trap give_up EXIT
    trap 'exit 130' INT TERM HUP
    [[ $owner == none ]] || spawn supervisor "$self" supervise --dir "$dir" --owner "$owner"
    # Again from nothing when a daemon died on the way or another process took a port first.
    for ((try = 1; try <= 3 && status != 0; try++)); do
      set +e
      (set -e && trap - EXIT && bring_up) >>"$dir/log/setup.out" 2>&1
      status=$?
      set -e
    done
    [[ $status == 0 ]] || exit 1
    trap - EXIT
  fi
  cat "$dir/gateway.json"
}

# Outlives a killed test run by a second, and takes the daemons with it. A start still under way holds the lock.
supervise() {
  local started
  started=$(start_time "$owner") || started=gone
  while [[ $(start_time "$owner") == "$started" ]]; do
    [[ -d $dir/pids ]] || exit 0
    sleep 1
  done
  lock
  remove
}

start_gateway() {
  lock
  alive osd || fail "no gateway in $dir"
  end_process radosgw TERM
  start_radosgw
  write_facts
  cat "$dir/gateway.json"
}

command=start
dir=${SLUICEWAY_CEPH_DIR:-$here/../../../.scratch/ceph}
store=memstore size=2G owner=$PPID rgw_options=()
if (($#)) && [[ $1 != --* ]]; then
  command=$1
  shift
fi
while (($#)); do
  option=$1
  shift
  case $option in
    --help) usage && exit 0 ;;
    --detach) owner=none && continue ;;
    --dir | --memory | --bluestore | --rgw-option | --owner) (($#)) || fail "$option needs a value" ;;
    *) fail "unknown option $option; see --help" ;;
  esac
  case $option in
    --dir) dir=$1 ;;
    --memory) store=memstore size=$1 ;;
    --bluestore) store=bluestore size=$1 ;;
    --rgw-option) [[ $1 == *=* ]] && rgw_options+=("$1") || fail "$option takes name=value" ;;
    --owner) owner=$1 ;;
  esac
  shift
done
size=$(numfmt --from=iec "$size") || fail 'a size is bytes, or such as 2G'
dir=$(realpath -m "$dir")

case $command in
  start) start ;;
  stop) [[ ! -d $dir ]] || { lock && remove; } ;;
  status) running && cat "$dir/gateway.json" ;;
  kill-gateway) end_process radosgw ;;
  start-gateway) start_gateway ;;
  collect-garbage) admin gc process --include-all >/dev/null ;;
  used-bytes) used_bytes ;;
  check) check ;;
  supervise) supervise ;;
  *) fail "unknown command $command; see --help" ;;
esac
