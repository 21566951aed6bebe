package debian

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"sync"

	"github.com/ProtonMail/go-crypto/openpgp"
)

// keyFiles are the public keys that sign Debian's archives, as the package
// debian-archive-keyring ships them: those of Debian 11 to 13, and, from its
// keyring of removed keys, those of Debian 10.
//
//go:embed keys/*.gpg
var keyFiles embed.FS

// Keyring returns the keys that sign Debian's archives. That they can be read
// is a matter of this program's making, so failing to panics.
var Keyring = sync.OnceValue(func() openpgp.EntityList {
	keys, err := readKeys(keyFiles)
	if err != nil {
		panic(fmt.Sprintf("embedded archive keys: %v", err))
	}
	return keys
})

func readKeys(dir fs.FS) (openpgp.EntityList, error) {
	names, err := fs.Glob(dir, "keys/*.gpg")
	if err != nil {
		return nil, err
	}
	var all openpgp.EntityList
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		keys, err := openpgp.ReadKeyRing(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, keys...)
	}
	return all, nil
}
