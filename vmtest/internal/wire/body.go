package wire

// ReadyBody is sent once, when the agent of a booted machine is up.
type ReadyBody struct {
	Release  string   // uname -r
	UptimeNs int64    // since the kernel started
	Warnings []string // mounts and modules that this kernel did not give
}

// WakeBody makes a clone differ from its twins.
type WakeBody struct {
	Nonce    [16]byte // echoed, so that an old answer is never taken for a new one
	UnixNano int64    // the host's clock
	Seed     [32]byte // fresh random bytes
}

// AwakeBody is the first answer of a clone.
type AwakeBody struct {
	Nonce  [16]byte
	Random [16]byte // from getrandom(2) after the reseeding; must never repeat
	Err    string
}

// RunBody is a command, as in exec.Cmd.
type RunBody struct {
	Argv, Env []string
	Dir       string
	TTY       bool   // on a new terminal instead of three pipes
	Rows      uint32 // of the terminal
	Cols      uint32
	Zygote    bool // start it now; it parks itself and gets its real command later
	Continue  bool // this is that command, for the zygote with the same id
}

// ExitBody is how a command ended.
type ExitBody struct {
	Code     int32  // exit status, or -1
	Signal   uint32 // that ended it, or 0
	OOMKills uint32 // processes the out-of-memory killer took from the command's cgroup
	PidsMax  uint32 // forks refused by the cgroup's limit
	UserNs   int64
	SystemNs int64
	Err      string // it could not be started, and why
	// StartNs is the guest's coarse clock when it was started: what it changed
	// since then has a later time of change.
	StartNs int64
	// Log is, for a zygote, what the kernel has logged since Wake: to be asked
	// for it is a tenth of a short command's price. LogWhole tells that there
	// is no more.
	Log      string
	LogWhole bool
}

// Kinds of a file in an EntryBody.
const (
	File    = 'f'
	Dir     = 'd'
	Symlink = 'l'
	Fixed   = 'r' // a directory that is there, and from now on can only be read
)

// EntryBody is a file's head; a regular file's bytes follow as a stream.
type EntryBody struct {
	Path string
	Kind byte
	Mode uint32
	Size int64
	Link string // target of a symbolic link
}

// GetBody asks for files.
type GetBody struct {
	Path string
	// SinceNs leaves out what was changed before; 0 leaves out nothing.
	SinceNs int64
}

// Marshal returns the frame body.
func (r ReadyBody) Marshal() []byte {
	var e encoder
	e.str(r.Release)
	e.i64(r.UptimeNs)
	e.strs(r.Warnings)
	return e
}

// Unmarshal reads a frame body.
func (r *ReadyBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	r.Release, r.UptimeNs, r.Warnings = d.str(), d.i64(), d.strs()
	return d.end()
}

// Marshal returns the frame body.
func (w WakeBody) Marshal() []byte {
	e := encoder(append(append([]byte{}, w.Nonce[:]...), w.Seed[:]...))
	e.i64(w.UnixNano)
	return e
}

// Unmarshal reads a frame body.
func (w *WakeBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	d.fixed(w.Nonce[:])
	d.fixed(w.Seed[:])
	w.UnixNano = d.i64()
	return d.end()
}

// Marshal returns the frame body.
func (a AwakeBody) Marshal() []byte {
	e := encoder(append(append([]byte{}, a.Nonce[:]...), a.Random[:]...))
	e.str(a.Err)
	return e
}

// Unmarshal reads a frame body.
func (a *AwakeBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	d.fixed(a.Nonce[:])
	d.fixed(a.Random[:])
	a.Err = d.str()
	return d.end()
}

// Marshal returns the frame body.
func (r RunBody) Marshal() []byte {
	var e encoder
	e.strs(r.Argv)
	e.strs(r.Env)
	e.str(r.Dir)
	e.bools(r.TTY, r.Zygote, r.Continue)
	e.u32(r.Rows)
	e.u32(r.Cols)
	return e
}

// Unmarshal reads a frame body.
func (r *RunBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	r.Argv, r.Env, r.Dir = d.strs(), d.strs(), d.str()
	d.bools(&r.TTY, &r.Zygote, &r.Continue)
	r.Rows, r.Cols = d.u32(), d.u32()
	return d.end()
}

// Marshal returns the frame body.
func (x ExitBody) Marshal() []byte {
	var e encoder
	e.u32(uint32(x.Code))
	e.u32(x.Signal)
	e.u32(x.OOMKills)
	e.u32(x.PidsMax)
	e.i64(x.UserNs)
	e.i64(x.SystemNs)
	e.str(x.Err)
	e.i64(x.StartNs)
	e.str(x.Log)
	e.bools(x.LogWhole)
	return e
}

// Unmarshal reads a frame body.
func (x *ExitBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	x.Code, x.Signal, x.OOMKills, x.PidsMax = int32(d.u32()), d.u32(), d.u32(), d.u32()
	x.UserNs, x.SystemNs, x.Err, x.StartNs, x.Log = d.i64(), d.i64(), d.str(), d.i64(), d.str()
	d.bools(&x.LogWhole)
	return d.end()
}

// Marshal returns the frame body.
func (n EntryBody) Marshal() []byte {
	var e encoder
	e.str(n.Path)
	e = append(e, n.Kind)
	e.u32(n.Mode)
	e.i64(n.Size)
	e.str(n.Link)
	return e
}

// Unmarshal reads a frame body.
func (n *EntryBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	n.Path, n.Kind, n.Mode, n.Size, n.Link = d.str(), d.u8(), d.u32(), d.i64(), d.str()
	return d.end()
}

// Marshal returns the frame body.
func (g GetBody) Marshal() []byte {
	var e encoder
	e.str(g.Path)
	e.i64(g.SinceNs)
	return e
}

// Unmarshal reads a frame body.
func (g *GetBody) Unmarshal(b []byte) error {
	d := decoder{b: b}
	g.Path, g.SinceNs = d.str(), d.i64()
	return d.end()
}
