// Package badline has what calls over bad lines are tested with: ends of a cable that are
// narrow or lose packets, and a film that fills them.
package badline

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
)

// Film is what a camera sees that costs every layer all of its bit rate: a texture that
// moves, and noise that is another in each frame.
type Film struct {
	Width, Height, FPS, Frames int
}

// filmNoise is of 255, peak to peak: what a camera has in a dim room.
const filmNoise = 12

// Write writes a Y4M file.
func (film Film) Write(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(out, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", film.Width, film.Height, film.FPS)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same film each time
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(random.IntN(filmNoise))
	}
	waves := make([]float64, 4*film.Width)
	for i := range waves {
		x := float64(i)
		waves[i] = 40*math.Sin(x/37) + 25*math.Sin(x/11) + 12*math.Sin(x/3.7)
	}
	row := make([]byte, film.Width)
	for n := range film.Frames {
		fmt.Fprint(out, "FRAME\n")
		shift := 4 * n
		for y := range film.Height {
			at := random.IntN(len(noise) - film.Width)
			for x := range row {
				v := 118 + 0.6*waves[(x+shift)%len(waves)] + 0.6*waves[(y+x/3+shift)%len(waves)]
				row[x] = byte(v) + noise[at+x]
			}
			_, _ = out.Write(row) // Flush has its error
		}
		for range film.Height { // both planes of colour, half as high
			half := row[:film.Width/2]
			for x := range half {
				half[x] = byte(128 + 0.4*waves[(2*x+shift)%len(waves)])
			}
			_, _ = out.Write(half)
		}
	}
	if err := out.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
