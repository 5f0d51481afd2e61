package voice

import (
	"errors"
	"fmt"
	"slices"
)

// loopMost limits how often a loop of a part goes round while its function runs. Nothing
// else could end a loop: what wazero has for that leaves the compiled code at each turn,
// and while compiled code runs, the garbage collector waits for it, and everything else
// for the garbage collector.
const loopMost = 1 << 26 // a tenth of a second; the longest that is meant goes over 16 MiB

// errBinary is the answer to what is no WebAssembly, or has instructions that no part has.
var errBinary = errors.New("not a webassembly module that is known")

// Of the binary format (WebAssembly core specification 2.0, chapter 5).
const (
	typeSection, importSection, functionSection, memorySection, exportSection, codeSection = 1, 2, 3, 5, 7, 10

	funcType, i32   = 0x60, 0x7f
	instructionLoop = 0x03
	constantI32     = 0x41
	prefixMore      = 0xfc
	prefixVector    = 0xfd
)

// bounded rewrites a module so that a loop which does not end traps: each function with
// loops counts their turns in a variable of its own. It makes the parts up to 7 % slower.
func bounded(code []byte) (out []byte, err error) {
	const header = 8
	defer func() {
		if recover() != nil { // it ends in the middle
			out, err = nil, errBinary
		}
	}()
	if string(code[:4]) != "\x00asm" {
		return nil, errBinary
	}
	out = slices.Clone(code[:header])
	var params, functions []int // of types; types of functions
	for r := (reader{b: code[header:]}); len(r.b) > 0; {
		id := r.byte()
		body := reader{b: r.take(r.number())}
		content := body.b
		switch id {
		case typeSection:
			params = parametersOf(&body)
		case functionSection:
			for range body.number() {
				functions = append(functions, params[body.number()])
			}
		case codeSection:
			if content, err = boundedFunctions(&body, functions); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
		out = append(append(out, number(len(content))...), content...)
	}
	return out, nil
}

// parametersOf counts the parameters of each type.
func parametersOf(r *reader) (params []int) {
	for range r.number() {
		if r.byte() != funcType {
			panic(errBinary)
		}
		n := r.number()
		params = append(params, n)
		r.take(n)
		r.take(r.number()) // results
	}
	return params
}

func boundedFunctions(r *reader, params []int) ([]byte, error) {
	n := r.number()
	out := number(n)
	for i := range n {
		body, err := boundedFunction(reader{b: r.take(r.number())}, params[i])
		if err != nil {
			return nil, err
		}
		out = append(append(out, number(len(body))...), body...)
	}
	return out, nil
}

// boundedFunction adds the variable, which is 0 at first, behind the others.
func boundedFunction(r reader, variables int) ([]byte, error) {
	groups := r.number()
	start := r.b
	for range groups {
		variables += r.number()
		r.byte()
	}
	locals := start[:len(start)-len(r.b)]
	v := number(variables)
	var turn []byte
	turn = append(append(turn, 0x20), v...)                       // local.get
	turn = append(turn, constantI32, 1, 0x6a)                     // i32.add
	turn = append(append(turn, 0x22), v...)                       // local.tee
	turn = append(append(turn, constantI32), number(loopMost)...) // as signed: its last byte is small
	turn = append(turn, 0x4b, 0x04, 0x40, 0x00, 0x0b)             // i32.gt_u, if, unreachable, end
	counted, err := loopsOf(r)
	if err != nil {
		return nil, err
	}
	out := slices.Concat(number(groups+1), locals, number(1), []byte{i32})
	for len(r.b) > 0 {
		before := r.b
		op := r.byte()
		if err := r.immediates(op); err != nil {
			return nil, err
		}
		out = append(out, before[:len(before)-len(r.b)]...)
		if op == instructionLoop {
			if counted[0] {
				out = append(out, turn...)
			}
			counted = counted[1:]
		}
	}
	return out, nil
}

// loopsOf says of each loop, in their order, whether its turns are counted. One that
// has no other in it, calls nothing, and computes with floating point or vectors, goes over
// samples: the compiler of the part has counted it, and a second counter would cost half
// as much time again.
func loopsOf(r reader) (counted []bool, err error) {
	var open []int // indices of loops; -1 for other blocks
	var leaf, samples []bool
	mark := func(set []bool, v bool) { // the innermost loop
		for _, i := range slices.Backward(open) {
			if i >= 0 {
				set[i] = v
				return
			}
		}
	}
	for len(r.b) > 0 {
		op := r.byte()
		if err := r.immediates(op); err != nil {
			return nil, err
		}
		switch {
		case op == 0x02, op == 0x04:
			open = append(open, -1)
		case op == instructionLoop:
			mark(leaf, false)
			open = append(open, len(leaf))
			leaf, samples = append(leaf, true), append(samples, false)
		case op == 0x0b && len(open) > 0:
			open = open[:len(open)-1]
		case op == 0x10, op == 0x11:
			mark(leaf, false)
		case op == prefixVector, op >= 0x91 && op <= 0x98, op >= 0x9f && op <= 0xa6: // arithmetic
			mark(samples, true)
		}
	}
	for i := range leaf {
		counted = append(counted, !leaf[i] || !samples[i])
	}
	return counted, nil
}

// reader goes through the binary format, and panics where it ends too early.
type reader struct{ b []byte }

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) take(n int) []byte {
	b := r.b[:n:len(r.b)] // panics beyond
	r.b = r.b[n:]
	return b
}

// number reads an unsigned LEB128 number of up to 32 bits.
func (r *reader) number() int {
	v := 0
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if v |= int(b&0x7f) << shift; b < 0x80 {
			return v
		}
	}
	panic(errBinary)
}

// skip passes n numbers of any size and sign.
func (r *reader) skip(n int) {
	for range n {
		for more := true; more; {
			more = r.byte() >= 0x80
		}
	}
}

// immediates passes what belongs to an instruction.
func (r *reader) immediates(op byte) error {
	switch {
	case op == 0x02, op == instructionLoop, op == 0x04, // block, if
		op == 0x0c, op == 0x0d, op == 0x10, // br, br_if, call
		op >= 0x20 && op <= 0x26, // variables, tables
		op == 0x3f, op == 0x40,   // memory.size, memory.grow
		op == constantI32, op == 0x42,
		op == 0xd0, op == 0xd2: // ref.null, ref.func
		r.skip(1)
	case op == 0x0e: // br_table
		r.skip(r.number() + 1)
	case op == 0x11, op >= 0x28 && op <= 0x3e: // call_indirect; loads and stores
		r.skip(2)
	case op == 0x1c: // select with types
		r.take(r.number())
	case op == 0x43: // f32.const
		r.take(4)
	case op == 0x44: // f64.const
		r.take(8)
	case op == prefixMore:
		return r.moreImmediates(r.number())
	case op == prefixVector:
		r.vectorImmediates(r.number())
	case op >= 0x06 && op <= 0x0a, op >= 0x12 && op <= 0x19, op >= 0x1d && op <= 0x1f, op == 0x27,
		op >= 0xc5 && op <= 0xcf, op >= 0xd3:
		return fmt.Errorf("%w: instruction %#x", errBinary, op)
	}
	return nil
}

// moreImmediates is for conversions, and memories and tables as a whole.
func (r *reader) moreImmediates(op int) error {
	switch op {
	case 0, 1, 2, 3, 4, 5, 6, 7:
	case 9, 11, 13, 15, 16, 17:
		r.skip(1)
	case 8, 10, 12, 14:
		r.skip(2)
	default:
		return fmt.Errorf("%w: instruction 0xfc %d", errBinary, op)
	}
	return nil
}

// vectorImmediates is for instructions of 128 bits.
func (r *reader) vectorImmediates(op int) {
	switch {
	case op <= 11, op == 92, op == 93: // loads and stores
		r.skip(2)
	case op == 12, op == 13: // v128.const, i8x16.shuffle
		r.take(16)
	case op >= 21 && op <= 34: // lanes
		r.take(1)
	case op >= 84 && op <= 91: // loads and stores of lanes
		r.skip(2)
		r.take(1)
	}
}

// number is a number as unsigned LEB128.
func number(n int) (b []byte) {
	for ; n > 0x7f; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
