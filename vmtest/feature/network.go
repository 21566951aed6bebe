package feature

import (
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The network, as scenarios wire it up and programs meet it.
var network = []Feature{
	{"af_xdp", "sockets for frames from XDP", "4.18", "fbfc504a24f5", socket("AF_XDP", unix.AF_XDP, unix.SOCK_RAW, 0)},
	{"af_xdp_need_wakeup", "AF_XDP rings that tell when to wake the kernel", "5.4", "77cd0d7b3f25", ringFlags},
	{"big_tcp_ipv4", "IPv4 packets of more than 64 KiB between host and card", "6.3", "", onLoopbackDevice("gso_ipv4_max_size", netlink.LinkSetGSOIPv4MaxSize, func(a *netlink.LinkAttrs) uint32 { return a.GSOIPv4MaxSize })},
	{"big_tcp_ipv6", "the same for IPv6", "5.19", "", onLoopbackDevice("gso_max_size", netlink.LinkSetGSOMaxSize, func(a *netlink.LinkAttrs) uint32 { return a.GSOMaxSize })},
	{"bridge", "devices that are switches", "2.6.12", "", device(func() netlink.Link { return &netlink.Bridge{LinkAttrs: named("x")} })},
	{"clsact", "hook for programs in traffic control", "4.5", "1f211a1b929c", qdisc("clsact", netlink.HANDLE_CLSACT)},
	{"conntrack", "connection tracking", "2.6.14", "", netfilterSubsystem("connection tracking", unix.NFNL_SUBSYS_CTNETLINK, 4)},
	{"dummy", "devices that lead nowhere", "2.6.12", "", device(func() netlink.Link { return &netlink.Dummy{LinkAttrs: named("x")} })},
	{"ifb", "devices to shape what comes in", "2.6.17", "", device(func() netlink.Link { return &netlink.Ifb{LinkAttrs: named("x")} })},
	{"inet_diag", "list of sockets over netlink", "2.6.14", "", socketList},
	{"iptables_redirect", "redirection to a local port by iptables", "2.6.12", "", iptablesRedirect},
	{"ipv6", "IPv6", "2.6.12", "", socket("AF_INET6", unix.AF_INET6, unix.SOCK_DGRAM, 0)},
	{"ktls", "TLS records made by the kernel", "4.13", "3c4d7559159b", tcpULP("tls")},
	{"macvlan", "devices with addresses of their own on another", "2.6.23", "", macvlan},
	{"mptcp", "multipath TCP", "5.6", "f870fa0b5768", socket("MPTCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)},
	{"netem", "delay and loss on purpose", "2.6.12", "", qdisc("netem", netlink.HANDLE_ROOT)},
	{"netkit", "pairs of devices with programs instead of queues", "6.7", "35dfaad7188c", device(func() netlink.Link {
		return &netlink.Netkit{LinkAttrs: named("x"), Mode: netlink.NETKIT_MODE_L3, Policy: netlink.NETKIT_POLICY_FORWARD, PeerPolicy: netlink.NETKIT_POLICY_FORWARD}
	})},
	{"nftables", "packet filter with rules over netlink", "3.13", "", netfilterSubsystem("nftables", unix.NFNL_SUBSYS_NFTABLES, 16)},
	{"tcp_bbr", "congestion control BBR", "4.9", "0f8782ea1497", congestionControl("bbr")},
	{"tun", "devices whose other end is a program", "2.6.12", "", tunDevice},
	{"veth", "pairs of devices", "2.6.24", "", device(func() netlink.Link { return &netlink.Veth{LinkAttrs: named("x"), PeerName: "y"} })},
	{"vrf", "devices that choose a routing table", "4.3", "", device(func() netlink.Link { return &netlink.Vrf{LinkAttrs: named("x"), Table: 1} })},
	{"vxlan", "devices that carry Ethernet over UDP", "3.7", "", device(func() netlink.Link { return &netlink.Vxlan{LinkAttrs: named("x"), VxlanId: 1, Port: 4789} })},
}

func named(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}

// device makes a probe that makes one in a network namespace of its own.
func device(make func() netlink.Link) func() error {
	return func() error {
		l := make() // anew each time: adding one fills it in
		return apart(unix.CLONE_NEWNET, func() error {
			return absentIf(netlink.LinkAdd(l), "device of type "+l.Type(), unix.EOPNOTSUPP)
		})
	}
}

func macvlan() error {
	return apart(unix.CLONE_NEWNET, func() error {
		veth := &netlink.Veth{LinkAttrs: named("x"), PeerName: "y"}
		if err := netlink.LinkAdd(veth); err != nil {
			return absentIf(err, "no device to put it on", unix.EOPNOTSUPP)
		}
		a := named("z")
		a.ParentIndex = veth.Attrs().Index
		return absentIf(netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: a, Mode: netlink.MACVLAN_MODE_BRIDGE}), "device of type macvlan", unix.EOPNOTSUPP)
	})
}

// qdisc makes a probe that puts one on a loopback of its own.
func qdisc(kind string, parent uint32) func() error {
	return func() error {
		return apart(unix.CLONE_NEWNET, func() error {
			var q netlink.Qdisc = &netlink.GenericQdisc{
				QdiscAttrs: netlink.QdiscAttrs{LinkIndex: loopback, Parent: parent, Handle: netlink.MakeHandle(0xffff, 0)},
				QdiscType:  kind,
			}
			if kind == "netem" {
				q = netlink.NewNetem(netlink.QdiscAttrs{LinkIndex: loopback, Parent: parent, Handle: netlink.MakeHandle(1, 0)}, netlink.NetemQdiscAttrs{})
			}
			return absentIf(netlink.QdiscAdd(q), "qdisc "+kind, unix.ENOENT)
		})
	}
}

// onLoopbackDevice makes a probe that sets a size above 64 KiB on a loopback of its
// own, and reads it back: old kernels pass over what they do not know.
func onLoopbackDevice(what string, set func(netlink.Link, int) error, get func(*netlink.LinkAttrs) uint32) func() error {
	const size = 128 << 10
	return func() error {
		return apart(unix.CLONE_NEWNET, func() error {
			lo, err := netlink.LinkByIndex(loopback)
			if err != nil {
				return err
			}
			if err := set(lo, size); err != nil {
				return absentIf(err, what, unix.EINVAL, unix.EOPNOTSUPP)
			}
			if lo, err = netlink.LinkByIndex(loopback); err != nil {
				return err
			}
			if got := get(lo.Attrs()); got != size {
				return absentf("%s: set to %d, it is %d", what, size, got)
			}
			return nil
		})
	}
}

func tunDevice() error {
	return apart(unix.CLONE_NEWNET, func() error {
		f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
		if err != nil {
			return absentIf(err, "/dev/net/tun", os.ErrNotExist, unix.ENODEV)
		}
		defer f.Close()
		ifr, err := unix.NewIfreq("x")
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, ifr)
	})
}
