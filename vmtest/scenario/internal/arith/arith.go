// Package arith computes with whole numbers of any size, so that no counter can
// overflow what checks it.
package arith

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Eval computes an expression of decimal or 0x numbers, + - * / %, unary minus
// and parentheses. Division truncates toward zero. The tokens need no spaces
// between them.
func Eval(expression string) (*big.Int, error) {
	p := &parser{rest: expression}
	v, err := p.sum()
	switch {
	case err != nil:
		return nil, fmt.Errorf("compute %q: %w", expression, err)
	case p.peek() != 0:
		return nil, fmt.Errorf("compute %q: unexpected %q", expression, p.rest)
	}
	return v, nil
}

type parser struct{ rest string }

// peek returns the next byte that is no space, or 0 at the end.
func (p *parser) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *parser) sum() (*big.Int, error) {
	left, err := p.product()
	for err == nil {
		op := p.peek()
		if op != '+' && op != '-' {
			return left, nil
		}
		p.rest = p.rest[1:]
		var right *big.Int
		if right, err = p.product(); err != nil {
			break
		}
		if op == '+' {
			left = new(big.Int).Add(left, right)
		} else {
			left = new(big.Int).Sub(left, right)
		}
	}
	return nil, err
}

func (p *parser) product() (*big.Int, error) {
	left, err := p.operand()
	for err == nil {
		op := p.peek()
		if op != '*' && op != '/' && op != '%' {
			return left, nil
		}
		p.rest = p.rest[1:]
		var right *big.Int
		if right, err = p.operand(); err == nil {
			left, err = multiply(left, op, right)
		}
	}
	return nil, err
}

func multiply(left *big.Int, op byte, right *big.Int) (*big.Int, error) {
	if op == '*' {
		return new(big.Int).Mul(left, right), nil
	}
	if right.Sign() == 0 {
		return nil, errors.New("division by zero")
	}
	if op == '/' {
		return new(big.Int).Quo(left, right), nil
	}
	return new(big.Int).Rem(left, right), nil
}

func (p *parser) operand() (*big.Int, error) {
	switch c := p.peek(); {
	case c == '-':
		p.rest = p.rest[1:]
		v, err := p.operand()
		if err != nil {
			return nil, err
		}
		return v.Neg(v), nil
	case c == '(':
		p.rest = p.rest[1:]
		v, err := p.sum()
		if err == nil && p.peek() != ')' {
			err = errors.New("missing )")
		}
		if err != nil {
			return nil, err
		}
		p.rest = p.rest[1:]
		return v, nil
	}
	return p.number()
}

func (p *parser) number() (*big.Int, error) {
	end := strings.IndexAny(p.rest, " \t+-*/%()")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	if word == "" {
		return nil, errors.New("a number is missing; is a variable unset?")
	}
	base := 10
	digits := word
	if hex, ok := strings.CutPrefix(word, "0x"); ok {
		base, digits = 16, hex
	}
	v, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return nil, fmt.Errorf("%q is no whole number", word)
	}
	p.rest = p.rest[end:]
	return v, nil
}

// Operators are those that [Compare] knows.
var Operators = []string{"==", "!=", "<=", ">=", "<", ">"}

// Compare tells whether a OP b holds.
func Compare(a *big.Int, op string, b *big.Int) (bool, error) {
	c := a.Cmp(b)
	switch op {
	case "==":
		return c == 0, nil
	case "!=":
		return c != 0, nil
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	case ">=":
		return c >= 0, nil
	}
	return false, fmt.Errorf("unknown comparison %q: want one of %s", op, strings.Join(Operators, " "))
}
