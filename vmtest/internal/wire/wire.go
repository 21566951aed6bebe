// Package wire is the language of host and guest agent on the control port, a
// virtio-serial port: frames of a type, a conversation's id and a body.
//
// It is flat binary on purpose. In a machine that was just restored under TCG
// every basic block is translated anew, and encoding/json alone costs 40 ms
// before the first answer.
//
// Streams (standard input and outputs, files) carry credit: each side sends at
// most [Window] bytes of a stream before the other has said [Credit] for what
// it passed on. So a reader that stalls stalls its own stream and no other.
package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"
)

// Type says what a frame means.
type Type byte

// Frames of the guest.
const (
	Ready   Type = 'R' // the machine is up and may be frozen: ReadyBody
	Awake   Type = 'w' // the answer to Wake: AwakeBody
	Parked  Type = 'p' // the zygote with this id waits for its command
	Started Type = 's' // the command with this id runs: its pid
	Exit    Type = 'x' // the command with this id ended: ExitBody
	Done    Type = 'd' // the request with this id is finished: an error text, or nothing
	Entry   Type = 'e' // a file of the Get with this id follows: EntryBody
)

// Frames of the host.
const (
	Wake   Type = 'W' // the first frame after a restore: WakeBody
	Run    Type = 'X' // run a command: RunBody
	Signal Type = 'S' // send a signal to the command with this id: its number
	Resize Type = 'Z' // the terminal's size changed: rows, columns
	Put    Type = 'P' // a file follows: EntryBody
	Get    Type = 'G' // send these files: GetBody
	Log    Type = 'K' // send the kernel log since Wake
	Stacks Type = 'T' // send what every task is doing
	Bye    Type = 'B' // power off
)

// Frames of both.
const (
	Data   Type = 'D' // bytes of a stream; an empty body ends it
	Credit Type = 'C' // so many bytes of a stream were passed on
)

// Stream tells the streams of one conversation apart.
type Stream byte

// The streams of a command; a file or a log travels on Stdout (from the guest)
// or Stdin (to it).
const (
	Stdin Stream = iota
	Stdout
	Stderr
)

// Window is how many bytes of one stream may be under way.
const Window = 256 << 10

// MaxBody bounds a frame's body. A longer one means that the stream is out of step.
const MaxBody = 1 << 20

// MaxData is the longest piece of a stream put into one frame: what the guest's
// virtio port takes in one write is 32 KiB, header included.
const MaxData = 32<<10 - headerLen - 1

const headerLen = 8

// UserNetworkMAC is the hardware address of the card on QEMU's user-mode network,
// by which the agent knows it.
const UserNetworkMAC = "02:00:00:00:01:00"

// LogMark is what the agent itself writes to the kernel log when it is asked for it.
const LogMark = "assay: the log is read"

// A Frame is one message.
type Frame struct {
	Type Type
	ID   uint16
	Body []byte
}

// Append appends the frame's bytes to b.
func (f Frame) Append(b []byte) []byte {
	b = append(b, byte(f.Type), 0)
	b = binary.BigEndian.AppendUint16(b, f.ID)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.Body)))
	return append(b, f.Body...)
}

// errOutOfStep is what a reader sees after lost or foreign bytes.
var errOutOfStep = errors.New("control port: frame out of step")

// Read reads one frame. The error is io.EOF only between frames.
func Read(r io.Reader) (Frame, error) {
	var h [headerLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(h[4:])
	if n > MaxBody || h[1] != 0 {
		return Frame{}, errOutOfStep
	}
	f := Frame{Type: Type(h[0]), ID: binary.BigEndian.Uint16(h[2:])}
	if n > 0 {
		f.Body = make([]byte, n)
		if _, err := io.ReadFull(r, f.Body); err != nil {
			return Frame{}, unexpected(err)
		}
	}
	return f, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// DataFrame makes the frame for a piece of a stream, at most MaxData long;
// an empty piece ends the stream.
func DataFrame(id uint16, s Stream, p []byte) Frame {
	return Frame{Data, id, append([]byte{byte(s)}, p...)}
}

// SplitData takes a Data frame's body apart.
func SplitData(body []byte) (Stream, []byte, error) {
	if len(body) == 0 {
		return 0, nil, errOutOfStep
	}
	return Stream(body[0]), body[1:], nil
}

// CreditFrame makes the frame that gives n bytes of a stream free.
func CreditFrame(id uint16, s Stream, n int) Frame {
	return Frame{Credit, id, binary.BigEndian.AppendUint32([]byte{byte(s)}, uint32(n))}
}

// SplitCredit takes a Credit frame's body apart.
func SplitCredit(body []byte) (Stream, int, error) {
	if len(body) != 5 {
		return 0, 0, errOutOfStep
	}
	return Stream(body[0]), int(binary.BigEndian.Uint32(body[1:])), nil
}

// String names the type in error texts.
func (t Type) String() string { return strconv.QuoteRune(rune(t)) }
