// Package account counts the network traffic of cgroups: packets and bytes, in
// and out, IPv4 and IPv6 apart, exactly.
//
// [Load] loads two small programs into the kernel; [Meter.Attach] runs them for
// the sockets of a cgroup and its descendants; [Cgroup.Read] returns what they
// have counted. The kernel keeps the counters with the cgroup, one copy for each
// CPU where it can, and frees them with it.
//
//	m, err := account.Load(account.Options{})
//	…
//	c, err := m.Attach("/sys/fs/cgroup/system.slice/nginx.service")
//	…
//	got, err := c.Read()
//	fmt.Println(got.Ingress.IPv6.Bytes)
//
// Package track keeps account of many cgroups that come and go, package metrics
// publishes them, package report prints them.
//
// # What is counted
//
// Traffic belongs to the cgroup in which its socket was created, and to all
// ancestors of that. Moving a process does not move its sockets. A connection
// that was accepted belongs where its listener does. A packet that meets no full
// socket belongs to nobody: a reset for a closed port, an acknowledgement to a
// socket in TIME_WAIT, an echo request that the kernel answers.
//
// A packet counts with the length that the hook sees: IP header and everything
// after. That is before the sender's segmentation and fragmentation, and after
// the receiver's merging; see [Tally] for what is known of the wire. Ingress is
// counted when a socket takes the packet, so packets that were dropped before
// are not in it, and a packet that several raw sockets get is counted for each.
// Another program may deny a packet before or after it was counted.
//
// Before Linux 6.12 the SYN-ACK of a connection accepted over IPv6 is not seen
// on its way out (80 bytes).
//
// # Kernels
//
// Linux 4.19 and later. What a kernel can do is found by trying; [Meter.Mode]
// says what was found and why. The figures are the same in every mode, except
// that segments are not known before 5.1. The programs need CAP_BPF and
// CAP_NET_ADMIN, before 5.8 CAP_SYS_ADMIN.
package account
