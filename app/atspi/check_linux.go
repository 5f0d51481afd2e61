package atspi

import (
	"encoding/binary"
	"slices"
	"strings"
)

// The wire format of D-Bus, as far as a message has to be walked through to know that
// all lengths in it are true.
const (
	headLength     = 16 // of what is the same in all messages
	maxNesting     = 64
	fieldMember    = 3
	fieldSignature = 8
	typeSignal     = 4
)

// checker walks through a message.
type checker struct {
	b     []byte
	at    int
	order binary.ByteOrder
	head  int // length of the header's fields
}

// newChecker returns a checker for a message that begins so, and how long the message is.
func newChecker(head []byte) (c *checker, length uint64, ok bool) {
	c = &checker{b: head, order: binary.LittleEndian}
	switch head[0] {
	case 'l':
	case 'B':
		c.order = binary.BigEndian
	default:
		return nil, 0, false
	}
	body, fields := uint64(c.order.Uint32(head[4:])), uint64(c.order.Uint32(head[12:]))
	c.head = int(fields)
	return c, headLength + (fields+7)&^7 + body, true
}

// message reports whether all of a message is what it says.
func (c *checker) message() bool {
	body, member := "", ""
	end := headLength + c.head
	for c.at = headLength; c.at < end; {
		if !c.align(8) || !c.skip(1, 1) {
			return false
		}
		field := c.b[c.at-1]
		of, ok := c.signature()
		began := c.at
		if ok && field == fieldSignature && of == "g" {
			body, ok = c.signature()
		} else if ok {
			of, ok = c.value(of, 0)
			ok = ok && of == ""
		}
		if !ok || c.at > end {
			return false
		}
		if field == fieldMember {
			member = string(c.b[began:c.at])
		}
	}
	// godbus panics where these name nobody.
	ofNames := strings.Contains(member, "NameLost") || strings.Contains(member, "NameAcquired")
	if c.b[1] == typeSignal && body != "s" && ofNames {
		return false
	}
	if !c.align(8) {
		return false
	}
	for body != "" {
		rest, ok := c.value(body, 0)
		if !ok {
			return false
		}
		body = rest
	}
	return c.at == len(c.b)
}

// skip passes over n bytes of something that is aligned.
func (c *checker) skip(n, to int) bool {
	if !c.align(to) || n > len(c.b)-c.at {
		return false
	}
	c.at += n
	return true
}

func (c *checker) align(to int) bool {
	c.at = (c.at + to - 1) / to * to
	return c.at <= len(c.b)
}

// length reads one that fits in what is left.
func (c *checker) length() (n int, ok bool) {
	if !c.skip(4, 4) {
		return 0, false
	}
	long := c.order.Uint32(c.b[c.at-4:])
	return int(long), uint64(long) <= uint64(len(c.b)-c.at)
}

func (c *checker) signature() (s string, ok bool) {
	if !c.skip(1, 1) {
		return "", false
	}
	n := int(c.b[c.at-1])
	if !c.skip(n+1, 1) {
		return "", false
	}
	return string(c.b[c.at-n-1 : c.at-1]), true
}

// sizes are those of the types that have one.
var sizes = map[byte]int{'y': 1, 'n': 2, 'q': 2, 'b': 4, 'i': 4, 'u': 4, 'h': 4, 'x': 8, 't': 8, 'd': 8}

// value passes over a value of the first type in a signature, and returns the others.
func (c *checker) value(of string, depth int) (rest string, ok bool) {
	if of == "" || depth > maxNesting {
		return "", false
	}
	kind, rest := of[0], of[1:]
	switch kind {
	case 's', 'o':
		n, ok := c.length()
		return rest, ok && c.skip(n+1, 1)
	case 'g':
		_, ok := c.signature()
		return rest, ok
	case 'v':
		in, ok := c.signature()
		if ok {
			in, ok = c.value(in, depth+1)
		}
		return rest, ok && in == ""
	case 'a':
		return c.array(rest, depth)
	case '(', '{':
		return c.members(rest, closing(kind), depth)
	default:
		n := sizes[kind]
		return rest, n > 0 && c.skip(n, n)
	}
}

func closing(kind byte) byte {
	if kind == '(' {
		return ')'
	}
	return '}'
}

// members passes over what is in a structure. One that is empty is none: an array of
// those would never end.
func (c *checker) members(of string, end byte, depth int) (rest string, ok bool) {
	if !c.align(8) || of == "" || of[0] == end {
		return "", false
	}
	for ok = true; ok && of != "" && of[0] != end; {
		of, ok = c.value(of, depth+1)
	}
	if !ok || of == "" {
		return "", false
	}
	return of[1:], true
}

func (c *checker) array(of string, depth int) (rest string, ok bool) {
	n, ok := c.length()
	rest, whole := passType(of, depth)
	if !ok || !whole || !c.align(alignment(of[0])) || n > len(c.b)-c.at {
		return "", false
	}
	for end := c.at + n; c.at < end; {
		if _, ok := c.value(of, depth+1); !ok || c.at > end {
			return "", false
		}
	}
	return rest, true
}

func alignment(kind byte) int {
	switch {
	case kind == '(' || kind == '{':
		return 8
	case slices.Contains([]byte("soa"), kind):
		return 4
	default:
		return max(1, sizes[kind])
	}
}

// passType passes over the first type in a signature.
func passType(of string, depth int) (rest string, ok bool) {
	if of == "" || depth > maxNesting {
		return "", false
	}
	switch kind := of[0]; kind {
	case 'a':
		return passType(of[1:], depth+1)
	case '(', '{':
		end, of := closing(kind), of[1:]
		if of == "" || of[0] == end {
			return "", false
		}
		for ok = true; ok && of != "" && of[0] != end; {
			of, ok = passType(of, depth+1)
		}
		if !ok || of == "" {
			return "", false
		}
		return of[1:], true
	default:
		return of[1:], sizes[kind] > 0 || strings.IndexByte("sogv", kind) >= 0
	}
}
