package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// An Error tells why a file could not be had, address by address.
type Error struct {
	File string
	Errs []error // one for each address
}

func (e *Error) Error() string {
	return fmt.Sprintf("fetch %s: %v", e.File, errors.Join(e.Errs...))
}

func (e *Error) Unwrap() []error { return e.Errs }

// Denied tells whether any address answered that it does not have the file.
func (e *Error) Denied() bool {
	return slices.ContainsFunc(e.Errs, func(err error) bool { return errors.Is(err, ErrNotFound) })
}

// Brief tells in one line which host failed how.
func (e *Error) Brief() string {
	parts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		parts[i] = strings.ReplaceAll(err.Error(), "\n", " ")
		var ae *addressError
		if errors.As(err, &ae) {
			h := host(ae.url) + ": "
			parts[i] = h + strings.TrimPrefix(Reason(ae.err), h)
		}
	}
	return strings.Join(parts, "; ")
}

func host(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host != "" {
		return u.Host
	}
	return Redact(rawURL)
}

// Reason is an error in one line, without what package net puts around it.
func Reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return dns.Name + ": " + dns.Err
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

// errLeftover makes retry begin again from nothing.
var errLeftover = errors.New("what an earlier download left is damaged")

// An addressError is what one address had to say.
type addressError struct {
	url string
	err error
}

// At says that err is about the address rawURL.
func At(rawURL string, err error) error { return &addressError{rawURL, err} }

func (e *addressError) Error() string { return fmt.Sprintf("%s: %v", Redact(e.url), e.err) }
func (e *addressError) Unwrap() error { return e.err }
