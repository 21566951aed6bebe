package kernels

import (
	"context"
	"fmt"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/oci"
)

// A candidate is one thing a name may stand for. Candidates are tried in order
// until one can be had.
type candidate struct {
	// known is set if it is certain what the source would bring.
	known source
	// lookup asks the network what that is, if known is not set.
	lookup func(context.Context, *GetOptions) (source, error)
	// ask finds out quickly whether lookup is likely to succeed.
	ask func(context.Context) error
	// notice is what the user should know when this one is taken.
	notice string
	// lastResort tells to come to this one only if a source answered that
	// it does not have the one before: not when the network is down.
	lastResort bool
}

// candidates lists what a name may stand for, best first.
func (s *Store) candidates(sp *spec) ([]candidate, error) {
	if sp.path != "" {
		src, err := newLocalSource(sp.path, sp.modules, "")
		if err != nil {
			return nil, err
		}
		return []candidate{{known: src}}, nil
	}
	rec, err := s.recall(sp.record())
	if err != nil {
		return nil, err
	}
	if sp.ref != "" {
		return s.unpinnedImage(sp, sp.ref, rec), nil
	}
	if sp.added != "" && !rec.mine() {
		return nil, &UnknownError{Name: sp.added} // removed meanwhile
	}
	if rec.mine() {
		return []candidate{{known: &addedSource{name: sp.name(), rec: rec}}}, nil
	}
	if pin := sp.pin(rec); pin != nil {
		return s.pinned(sp, pin, rec), nil
	}
	return s.unpinned(sp, rec), nil
}

// pin is what the catalogue pins for a name, or what the user updated it to,
// if that is still the newer; nil for neither.
func (sp *spec) pin(rec *record) *debian.Pin {
	if sp.version != "" {
		return nil
	}
	pin := sp.entry.Pins[sp.flavour]
	if rec != nil && rec.Why == whyUpdate && rec.Pin != nil &&
		(pin == nil || debian.CompareVersions(rec.Pin.Version, pin.Version) > 0) {
		return rec.Pin
	}
	return pin
}

// pinned are the candidates for a name that has a pin: the pinned packages,
// what stood in for them before, and the newest there are.
func (s *Store) pinned(sp *spec, pin *debian.Pin, rec *record) []candidate {
	first := &debianSource{kernel: sp.text, pin: pin}
	list := []candidate{{known: first}}
	if rec != nil && rec.Why == whyGone && rec.Instead == first.id() && rec.Pin != nil {
		list = append(list, candidate{
			known:  &debianSource{kernel: sp.text, pin: rec.Pin},
			notice: standIn(sp.text, pin, rec.Pin), lastResort: true,
		})
	}
	ask := func(ctx context.Context) error { return s.askIndex(ctx, sp) }
	return append(list, candidate{lastResort: true, ask: ask, lookup: func(ctx context.Context, o *GetOptions) (source, error) {
		k, err := s.lookup(ctx, sp, o)
		if err != nil {
			return nil, err
		}
		o.notice("%s", standIn(sp.text, pin, &k.Pin))
		found := &record{Why: whyGone, Pin: &k.Pin, Instead: first.id()}
		if rec != nil && rec.Why == whyUpdate {
			found = &record{Why: whyUpdate, Pin: &k.Pin} // the user's wish stands
		}
		err = s.remember(sp.record(), found)
		return &debianSource{kernel: sp.text, pin: &k.Pin}, err
	}})
}

func standIn(kernel string, gone, now *debian.Pin) string {
	return fmt.Sprintf("%s: version %s is gone from the archive; using %s, the newest in its signed index",
		kernel, gone.Version, now.Version)
}

// unpinned are the candidates for a name without a pin: what was found for it
// before, what signed indexes have, and OCI images.
func (s *Store) unpinned(sp *spec, rec *record) []candidate {
	var list []candidate
	if rec != nil && rec.Pin != nil {
		list = append(list, candidate{known: &debianSource{kernel: sp.text, pin: rec.Pin}})
	}
	if rec != nil && rec.Ref != "" {
		list = append(list, candidate{known: &ociSource{kernel: sp.text, ref: rec.Ref}})
	}
	ask := func(ctx context.Context) error { return s.askIndex(ctx, sp) }
	list = append(list, candidate{ask: ask, lookup: func(ctx context.Context, o *GetOptions) (source, error) {
		k, err := s.lookup(ctx, sp, o)
		if err != nil {
			return nil, err
		}
		err = s.remember(sp.record(), &record{Why: whyFound, Pin: &k.Pin})
		return &debianSource{kernel: sp.text, pin: &k.Pin}, err
	}})
	if sp.version == "" && sp.flavour == Flavours[0] {
		for _, ref := range sp.entry.Images {
			list = append(list, s.unpinnedImage(sp, ref, nil)...)
		}
	}
	return list
}

// unpinnedImage are the candidates for an OCI image: the one that was found
// before, and what its reference stands for now.
func (s *Store) unpinnedImage(sp *spec, ref string, rec *record) []candidate {
	var list []candidate
	if rec != nil && rec.Ref != "" {
		list = append(list, candidate{known: &ociSource{kernel: sp.text, ref: rec.Ref}})
	}
	ask := func(ctx context.Context) error {
		return ociShortfall(ref, oci.Ask(ctx, s.client.HTTP.Transport, ref))
	}
	return append(list, candidate{ask: ask, lookup: func(ctx context.Context, _ *GetOptions) (source, error) {
		exact, err := oci.Resolve(ctx, s.client.HTTP.Transport, ref)
		if err != nil {
			return nil, ociShortfall(ref, err)
		}
		err = s.remember(sp.record(), &record{Why: whyFound, Ref: exact})
		return &ociSource{kernel: sp.text, ref: exact}, err
	}})
}
