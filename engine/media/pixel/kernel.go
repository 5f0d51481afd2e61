package pixel

import "foyer/engine/call"

// The kernels in Go. They are the reference for those in C: same arithmetic,
// same order, same results.

// BT.601 video range to RGB in sixths of a bit (1/64), small enough for 16-bit
// arithmetic: 1.164 = 149/128, 1.596 = 102/64, 0.392 = 25/64, 0.813 = 52/64,
// 2.017 = 129/64. Blue would overflow and is computed in halves.
const (
	lumaGain   = 149
	lumaOffset = 1192 // 16 * lumaGain / 2
	redV       = 102
	greenU     = 25
	greenV     = 52
	blueU      = 129
)

// goRGBA scales and converts f into dst by the plan.
func goRGBA(dst []byte, stride int, f *call.VideoFrame, p *plan, scratch []byte) {
	cw := half(p.w)
	srcCW := half(f.Width)
	src, scratch := scratch[:f.Width+1], scratch[f.Width+1:]
	outY, scratch := scratch[:p.w], scratch[p.w:]
	outU, outV := scratch[:cw], scratch[cw:2*cw]
	ly := p.lumaY()
	cy := p.chromaY()
	for j := range cy.len() {
		i, w := cy.at(j)
		u := goRow(f.U, f.UVStride, srcCW, i, w, p.chromaX(), src, outU, p.direct, p.chromaAt)
		v := goRow(f.V, f.UVStride, srcCW, i, w, p.chromaX(), src, outV, p.direct, p.chromaAt)
		for k := 2 * j; k < min(2*j+2, p.h); k++ {
			i, w := ly.at(k)
			y := goRow(f.Y, f.YStride, f.Width, i, w, p.lumaX(), src, outY, p.direct, p.lumaAt)
			goConvertRow(dst[k*stride:][:4*p.w], y, u, v)
		}
	}
}

// goScalePlane scales one plane by the taps of its columns and rows.
func goScalePlane(dst []byte, dstStride int, src []byte, stride, w int, cols, rows taps, scratch []byte) {
	for j := range rows.len() {
		index, weight := rows.at(j)
		goRow(src, stride, w, index, weight, cols, scratch[:w+1], dst[j*dstStride:][:cols.len()], false, 0)
	}
}

// goRow makes one output row of a plane whose rows have w samples: it blends
// two source rows, then resamples into out. Where nothing has to be resampled
// the result is a part of the source or of blend.
func goRow(
	plane []byte, stride, w, index int, weight uint32, cols taps, blend, out []byte, direct bool, at int,
) []byte {
	if weight == tapOne {
		index, weight = index+1, 0
	}
	row := plane[index*stride:][:w]
	switch {
	case weight > 0:
		goBlend(blend, row, plane[(index+1)*stride:][:w], weight)
		row = blend
		row[w] = row[w-1]
	case w == 1: // resampling reads a right neighbour
		blend[0], blend[1] = row[0], row[0]
		row = blend
	}
	if direct {
		if weight > 0 || w == 1 {
			// row is blend, which the next plane uses again.
			copy(out, row[at:at+cols.len()])
			return out
		}
		return row[at : at+cols.len()]
	}
	for i := range out {
		k, f := cols.at(i)
		out[i] = byte((uint32(row[k])*(tapOne-f) + uint32(row[k+1])*f + tapOne/2) >> 8)
	}
	return out
}

func goBlend(dst, a, b []byte, weight uint32) {
	for i, s := range a {
		dst[i] = byte((uint32(s)*(tapOne-weight) + uint32(b[i])*weight + tapOne/2) >> 8)
	}
}

func goConvertRow(dst, y, u, v []byte) {
	for i, s := range y {
		cu, cv := int(u[i/2])-128, int(v[i/2])-128
		l := int(s)*lumaGain>>1 - lumaOffset
		d := dst[4*i : 4*i+4 : 4*i+4]
		d[0] = clamp((l + redV*cv + 32) >> 6)
		d[1] = clamp((l - greenU*cu - greenV*cv + 32) >> 6)
		d[2] = clamp((l>>1 + blueU*cu>>1 + 16) >> 5)
		d[3] = 255
	}
}

func clamp(v int) byte { return byte(min(max(v, 0), 255)) }

// goHalvePlane averages 2x2 samples; the last odd row or column counts twice.
func goHalvePlane(dst []byte, dstStride int, src []byte, stride, w, h int) {
	for y := range half(h) {
		a := src[2*y*stride:][:w]
		b := a
		if 2*y+1 < h {
			b = src[(2*y+1)*stride:][:w]
		}
		out := dst[y*dstStride:][:half(w)]
		for x := range w / 2 {
			out[x] = byte((uint(a[2*x]) + uint(a[2*x+1]) + uint(b[2*x]) + uint(b[2*x+1]) + 2) >> 2)
		}
		if w%2 == 1 {
			out[w/2] = byte((2*uint(a[w-1]) + 2*uint(b[w-1]) + 2) >> 2)
		}
	}
}
