package kernels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/oci"
)

// ociSource brings a kernel from an OCI image.
type ociSource struct {
	kernel string // as the user calls it
	ref    string // with its digest
}

// id identifies the image by its digest, wherever it is kept.
func (s *ociSource) id() string {
	_, digest, _ := strings.Cut(s.ref, "@")
	sum := sha256.Sum256([]byte(digest))
	return "oci-" + hex.EncodeToString(sum[:])[:12]
}

func (s *ociSource) kind() string    { return "oci" }
func (s *ociSource) remote() bool    { return true }
func (s *ociSource) version() string { return "" }

func (s *ociSource) fill(ctx context.Context, st *Store, dir string, o *GetOptions) error {
	told := func(done, total int64) {
		if o.Progress != nil {
			o.Progress(Progress{s.kernel, done, total})
		}
	}
	return ociShortfall(s.ref, oci.Unpack(ctx, st.client.HTTP.Transport, s.ref, dir, told))
}

// ociShortfall makes a shortfall of a registry's refusal or silence. Other
// errors stay what they are.
func ociShortfall(ref string, err error) error {
	var refused *transport.Error
	var silent net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused), errors.As(err, &silent):
		return &shortfall{
			why:   "no source has the image " + ref + " (" + fetch.Reason(err) + ")",
			hints: []string{hintConnect},
			err:   err,
		}
	}
	return err
}
