package wiring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// machineNetns is where the kernel puts the machine's own cards.
const machineNetns = "/proc/1/ns/net"

// VirtioCable takes the machine's next pair of virtio cards, which are wired to
// each other, names and addresses them and sets them up.
func (m *Maker) VirtioCable(a, b End) error {
	free, err := m.freeCards()
	if err != nil {
		return err
	}
	if len(free) < 2 {
		return errors.New("this machine has no pair of virtio cards left: ask for one with: shape virtio-pair")
	}
	for i, e := range []End{a, b} {
		if err := m.takeCard(free[i], e); err != nil {
			return err
		}
	}
	return raise(a, b)
}

// inMachineNetns calls f in the network namespace that the machine booted with.
func inMachineNetns(f func() error) (err error) {
	here, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(here)
	there, err := unix.Open(machineNetns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(there)
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the machine's network namespace: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Setns(here, unix.CLONE_NEWNET)) }()
	return f()
}

// freeCards returns the virtio cards that nobody has taken, in the machine's order.
func (m *Maker) freeCards() (free []netlink.Link, err error) {
	err = inMachineNetns(func() error {
		links, err := netlink.LinkList()
		for _, l := range links {
			driver, _ := os.Readlink(filepath.Join("/sys/class/net", l.Attrs().Name, "device/driver"))
			if filepath.Base(driver) == "virtio_net" {
				free = append(free, l)
			}
		}
		return err
	})
	slices.SortFunc(free, func(a, b netlink.Link) int { return a.Attrs().Index - b.Attrs().Index })
	return free, err
}

func (m *Maker) takeCard(card netlink.Link, e End) error {
	old := card.Attrs().Name
	err := inMachineNetns(func() error {
		if err := netlink.LinkSetDown(card); err != nil {
			return err
		}
		return netlink.LinkSetNsFd(card, e.Netns)
	})
	if err != nil {
		return fmt.Errorf("take virtio card %s: %w", old, err)
	}
	return e.In(func() error {
		link, err := find(old)
		if err != nil {
			return err
		}
		_, mac := m.number()
		return errors.Join(netlink.LinkSetName(link, e.Name), netlink.LinkSetHardwareAddr(link, mac))
	})
}
