#!/bin/sh
# A home and its router in two network namespaces of their own, and miniupnpd on the router.
#
#   namespaces.sh DIRECTORY PROGRAM ARGUMENT…
#
# runs the program in the home, and says what its exit status says. Everything ends with it.
set -e
directory=$1
shift
ip link set lo up
ip link add wan type veth peer name wan1
ip link set wan1 up
# An address of the Internet: miniupnpd believes no other. Nothing leaves the namespace.
ip addr add 45.0.0.5/24 dev wan
ip link set wan up
ip route add default via 45.0.0.1 dev wan
unshare -n sleep 60 &
home=$!
trap 'kill $home $router 2>/dev/null' EXIT
until [ "$(readlink /proc/$home/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.1; done
ip link add lan type veth peer name eth0 netns $home
ip addr add 192.168.1.1/24 dev lan
ip link set lan up
nsenter -t $home -n sh -c 'ip link set lo up && ip addr add 192.168.1.2/24 dev eth0 &&
    ip link set eth0 up && ip route add default via 192.168.1.1'
nft -f - <<N
table inet filter {
    chain forward { type filter hook forward priority 0; policy accept; jump miniupnpd; }
    chain miniupnpd { }
    chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
    chain postrouting { type nat hook postrouting priority 100; jump postrouting_miniupnpd; }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
}
N
cat > "$directory/miniupnpd.conf" <<C
ext_ifname=wan
listening_ip=lan
http_port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
uuid=5f1a6f26-0000-4000-8000-000000000001
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
C
PATH=$PATH:/usr/sbin:/sbin
miniupnpd -d -f "$directory/miniupnpd.conf" -P "$directory/pid" > "$directory/log" 2>&1 &
router=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    grep -q 'Listening for NAT-PMP' "$directory/log" && break
    sleep 0.25
done
nsenter -t $home -n "$@"
# What was asked for was given back.
! nft list chain inet filter prerouting_miniupnpd | grep -q dnat
