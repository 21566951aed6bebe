package account

// Tally counts packets. Each field only grows; fields read together may be from
// slightly different instants, except that no packet is counted without its
// bytes.
type Tally struct {
	// Packets as the hook saw them: before segmentation and fragmentation on
	// the way out, after receive offload and reassembly on the way in.
	Packets uint64
	// Bytes of these packets from the IP header on, without link-layer headers.
	Bytes uint64
	// Segments is what Packets become, or were, with segmentation offload
	// undone. Zero unless [Mode.Segments].
	Segments uint64
	// WireBytes is Bytes plus the headers of the additional segments. IP
	// fragmentation, which happens after the hook, is in neither. Zero unless
	// [Mode.Segments].
	WireBytes uint64
}

// Flow is the traffic in one direction by IP version: that of the packets, not
// of the sockets, so a dual-stack socket counts in both.
type Flow struct {
	IPv4 Tally
	IPv6 Tally
}

// Counters is the traffic of one cgroup with all its descendants.
type Counters struct {
	Ingress Flow
	Egress  Flow
}

// Add returns the sum of t and o.
func (t Tally) Add(o Tally) Tally {
	return Tally{t.Packets + o.Packets, t.Bytes + o.Bytes, t.Segments + o.Segments, t.WireBytes + o.WireBytes}
}

// Sub returns t minus o, which must be an earlier reading.
func (t Tally) Sub(o Tally) Tally {
	return Tally{t.Packets - o.Packets, t.Bytes - o.Bytes, t.Segments - o.Segments, t.WireBytes - o.WireBytes}
}

// Max returns the greater of each figure of t and o.
func (t Tally) Max(o Tally) Tally {
	return Tally{max(t.Packets, o.Packets), max(t.Bytes, o.Bytes), max(t.Segments, o.Segments), max(t.WireBytes, o.WireBytes)}
}

// Add returns the sum of f and o.
func (f Flow) Add(o Flow) Flow { return Flow{f.IPv4.Add(o.IPv4), f.IPv6.Add(o.IPv6)} }

// Sub returns f minus o, which must be an earlier reading.
func (f Flow) Sub(o Flow) Flow { return Flow{f.IPv4.Sub(o.IPv4), f.IPv6.Sub(o.IPv6)} }

// Max returns the greater of each figure of f and o.
func (f Flow) Max(o Flow) Flow { return Flow{f.IPv4.Max(o.IPv4), f.IPv6.Max(o.IPv6)} }

// Total returns the traffic of both IP versions.
func (f Flow) Total() Tally { return f.IPv4.Add(f.IPv6) }

// Add returns the sum of c and o.
func (c Counters) Add(o Counters) Counters {
	return Counters{c.Ingress.Add(o.Ingress), c.Egress.Add(o.Egress)}
}

// Sub returns c minus o, which must be an earlier reading.
func (c Counters) Sub(o Counters) Counters {
	return Counters{c.Ingress.Sub(o.Ingress), c.Egress.Sub(o.Egress)}
}

// Max returns the greater of each figure of c and o.
func (c Counters) Max(o Counters) Counters {
	return Counters{c.Ingress.Max(o.Ingress), c.Egress.Max(o.Egress)}
}

// Total returns the traffic of both directions and IP versions.
func (c Counters) Total() Tally { return c.Ingress.Total().Add(c.Egress.Total()) }

// tally translates the kernel's form, where segments and their headers are kept
// as what comes on top.
func (m *Meter) tally(k accountTally) Tally {
	t := Tally{Packets: k.Packets, Bytes: k.Bytes}
	if m.mode.Segments {
		t.Segments = k.Packets + k.ExtraSegments
		t.WireBytes = k.Bytes + k.ExtraBytes
	}
	return t
}

func (m *Meter) flow(k accountFamily) Flow { return Flow{m.tally(k.Ipv4), m.tally(k.Ipv6)} }

func (m *Meter) counters(k accountAccount) Counters {
	return Counters{m.flow(k.Ingress), m.flow(k.Egress)}
}
