# shellcheck shell=bash
# One monitor, one OSD, one radosgw under $dir, without authentication among themselves and without a manager.

# Below the range from which the kernel gives ports to outgoing connections.
free_port() {
  local port
  while :; do
    port=$((10240 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

write_conf() {
  local option
  cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = v1:127.0.0.1:$(free_port)
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
mon data = $dir/mon
osd data = $dir/osd
run dir = $dir/run
log file = $dir/log/\$name.log
log to stderr = false
admin socket =
crash dir = $dir/log
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
# The monitor otherwise gathers changes for a second each, and there are dozens on the way to a working gateway.
paxos propose interval = 0.05
paxos min wait = 0.02
debug ms = 0/0
debug osd = 0/0
debug bluestore = 0/0
debug bdev = 0/0
debug rocksdb = 0/0

[osd]
osd objectstore = $store
admin socket = $dir/run/osd.sock
memstore device bytes = $size
bluestore block size = $size
bluestore cache autotune = false
bluestore cache size = 268435456
# Without authentication a starting OSD may send these commands before it knows the cluster's id, and die of the
# refusal: they are sent by hand instead.
osd class update on start = false
osd crush update on start = false
# A killed radosgw is waited for as long as this by every change of a bucket, 30 s by default; a living one says so
# at each tick.
osd client watch timeout = 5

[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$(free_port)
rgw crypt require ssl = false
rgw run sync thread = false
rgw dynamic resharding = false
objecter tick interval = 1
# Deleted bytes are kept for two hours by default, which fills a small store and then stops it.
rgw gc obj min wait = 0
rgw gc processor period = 5
rgw gc processor max time = 60
CONF
  for option in "${rgw_options[@]}"; do echo "${option%%=*} = ${option#*=}" >>"$dir/ceph.conf"; done
}

conf() { sed -n "s/^$1 = //p" "$dir/ceph.conf"; }
gateway_address() { conf 'rgw frontends' | sed 's|.*endpoint=||'; }
ceph_cli() { timeout 60 ceph -c "$dir/ceph.conf" --connect-timeout 30 "$@"; }
admin() { timeout 600 radosgw-admin -c "$dir/ceph.conf" -n client.rgw --log-file="$dir/log/admin.log" "$@"; }

start_mon() {
  monmaptool --create --clobber --fsid "$(conf fsid)" --addv a "[$(conf 'mon host')]" "$dir/monmap"
  ceph-mon -c "$dir/ceph.conf" -i a --mkfs --monmap "$dir/monmap"
  spawn mon ceph-mon -c "$dir/ceph.conf" -i a -f
}

start_osd() {
  local uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  ceph-osd -c "$dir/ceph.conf" -i 0 --mkfs --no-mon-config --osd-uuid "$uuid"
  # The same race as above makes a command fail now and then; these may be sent again.
  with_daemons retried ceph_cli osd create "$uuid"
  with_daemons retried ceph_cli osd crush add osd.0 1 host=local root=default
  spawn osd ceph-osd -c "$dir/ceph.conf" -i 0 -f
}

create_user() {
  with_daemons admin user create --uid=sluiceway --display-name=sluiceway --access-key="$access_key" \
    --secret-key="$secret_key"
}

start_radosgw() {
  local address tries line
  address=$(gateway_address)
  spawn radosgw radosgw -c "$dir/ceph.conf" -n client.rgw -f
  for ((tries = 0; tries < 600; tries++)); do
    alive radosgw || fail 'radosgw ended while starting'
    if (exec 3<>"/dev/tcp/${address%:*}/${address#*:}" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 &&
      read -rt 10 line <&3 && [[ $line == HTTP/*200* ]]) 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail 'radosgw did not answer in 60 s'
}

write_facts() {
  cat >"$dir/gateway.json.new" <<JSON
{
  "endpoint": "http://$(gateway_address)",
  "accessKeyId": "$access_key",
  "secretAccessKey": "$secret_key",
  "version": "$(radosgw --version | awk '{ print $3 }')",
  "store": "$(conf 'osd objectstore')",
  "pids": { "mon": $(pid_of mon), "osd": $(pid_of osd), "radosgw": $(pid_of radosgw) },
  "dir": "$dir"
}
JSON
  mv "$dir/gateway.json.new" "$dir/gateway.json"
}

# Asked over the socket: everything else about space goes through a manager, and waits for it for ever.
used_bytes() {
  timeout 30 ceph --admin-daemon "$dir/run/osd.sock" perf dump osd stat_bytes_used |
    sed -n 's/.*"stat_bytes_used": \([0-9]*\).*/\1/p'
}
