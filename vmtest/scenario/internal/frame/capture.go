// Package frame captures frames, tells what they are in one line each, and sends
// frames as they are.
package frame

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Frame is one that went through an interface.
type Frame struct {
	Data []byte
	// Out says that it left through the interface; else it came in.
	Out bool
	// Partial says that its checksum was left for the card to fill in.
	Partial bool
	// Cut is how many bytes at its end were not captured.
	Cut int
}

// A Capture gathers the frames of an interface, both directions, from when it is
// started. The kernel keeps them until they are asked for.
type Capture struct {
	fd     int
	iface  string
	frames []Frame
}

// queueBytes is what the kernel may keep; each frame takes its memory's size.
const queueBytes = 32 << 20

// Start starts a capture on the calling thread.
func Start(iface string) (*Capture, error) {
	fd, err := open(iface, unix.ETH_P_ALL)
	if err != nil {
		return nil, fmt.Errorf("capture on %s: %w", iface, err)
	}
	c := &Capture{fd: fd, iface: iface}
	for _, o := range []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, queueBytes},
		{unix.SOL_PACKET, unix.PACKET_AUXDATA, 1},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			_ = c.Close()
			return nil, fmt.Errorf("capture on %s: %w", iface, err)
		}
	}
	return c, nil
}

// open makes a packet socket bound to an interface.
func open(iface string, protocol uint16) (int, error) {
	// Protocol 0 until it is bound: else it starts with frames of all interfaces.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("make packet socket: %w", err)
	}
	ifr, err := unix.NewIfreq(iface)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(protocol), Ifindex: int(ifr.Uint32())})
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// Close ends the capture; what was read stays.
func (c *Capture) Close() error { return unix.Close(c.fd) }

// longest is the longest frame that is kept whole: BIG TCP makes them longer.
const longest = 256 << 10

// Frames returns all frames so far. It is an error if the kernel had to drop some.
func (c *Capture) Frames() ([]Frame, error) {
	buf, oob := make([]byte, longest), make([]byte, 256)
	for {
		n, oobn, _, from, err := unix.Recvmsg(c.fd, buf, oob, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		if err == unix.EAGAIN {
			break
		}
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read capture on %s: %w", c.iface, err)
		}
		f := Frame{Data: append([]byte(nil), buf[:min(n, longest)]...), Cut: max(0, n-longest)}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok {
			f.Out = ll.Pkttype == unix.PACKET_OUTGOING
		}
		f.aux(oob[:oobn])
		c.frames = append(c.frames, f)
	}
	stats, err := unix.GetsockoptTpacketStats(c.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return nil, fmt.Errorf("read statistics of capture on %s: %w", c.iface, err)
	}
	if stats.Drops > 0 {
		return nil, fmt.Errorf("capture on %s: the kernel dropped %d frames: it proves nothing", c.iface, stats.Drops)
	}
	return c.frames, nil
}

// aux reads struct tpacket_auxdata: whether the checksum is still to be filled in,
// and a VLAN tag that the card, or the stack, has taken out of the frame.
func (f *Frame) aux(oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < auxSize {
			continue
		}
		aux := *(*auxdata)(unsafe.Pointer(&m.Data[0]))
		f.Partial = aux.status&unix.TP_STATUS_CSUMNOTREADY != 0
		if aux.status&unix.TP_STATUS_VLAN_VALID != 0 {
			f.insertTag(aux)
		}
	}
}

// auxdata is struct tpacket_auxdata of if_packet.h.
type auxdata struct {
	status, length, snaplen uint32
	mac, net                uint16
	vlanTCI, vlanTPID       uint16
}

const auxSize = int(unsafe.Sizeof(auxdata{}))

// insertTag puts a VLAN tag back where it was on the wire: after the addresses.
func (f *Frame) insertTag(aux auxdata) {
	const addresses = 12
	if len(f.Data) < addresses {
		return
	}
	tpid := uint16(unix.ETH_P_8021Q)
	if aux.status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = aux.vlanTPID
	}
	tag := []byte{byte(tpid >> 8), byte(tpid), byte(aux.vlanTCI >> 8), byte(aux.vlanTCI)}
	f.Data = append(f.Data[:addresses:addresses], append(tag, f.Data[addresses:]...)...)
}

// Inject sends a frame through an interface of this network namespace as it is,
// from its hardware addresses on.
func Inject(iface string, data []byte) error {
	fd, err := open(iface, 0)
	if err != nil {
		return fmt.Errorf("send frame on %s: %w", iface, err)
	}
	defer unix.Close(fd)
	n, err := unix.Write(fd, data)
	if err != nil {
		return fmt.Errorf("send frame on %s: %w", iface, err)
	}
	if n != len(data) {
		return fmt.Errorf("send frame on %s: %d of %d bytes went out", iface, n, len(data))
	}
	return nil
}
