package video

// Cell is where a tile lies, in the grid's own units.
type Cell struct{ X, Y, W, H float32 }

// Shape of a tile.
const aspect = 16.0 / 9.0

// Grid places n tiles of 16:9 into w x h with a gap between them so that the
// tiles are as large as they can be. The last row is centred. It answers nil
// where nothing fits.
func Grid(n int, w, h, gap float32) []Cell {
	if n <= 0 || w <= 0 || h <= 0 {
		return nil
	}
	cols, tile := 1, float32(0)
	for c := 1; c <= n; c++ {
		if t := tileWidth(n, c, w, h, gap); t > tile {
			cols, tile = c, t
		}
	}
	if tile < 1 {
		return nil
	}
	return place(n, cols, tile, w, h, gap)
}

func tileWidth(n, cols int, w, h, gap float32) float32 {
	rows := (n + cols - 1) / cols
	byWidth := (w - gap*float32(cols-1)) / float32(cols)
	byHeight := (h - gap*float32(rows-1)) / float32(rows) * aspect
	return min(byWidth, byHeight)
}

func place(n, cols int, tile, w, h, gap float32) []Cell {
	rows := (n + cols - 1) / cols
	th := tile / aspect
	top := (h - float32(rows)*th - gap*float32(rows-1)) / 2
	cells := make([]Cell, n)
	for i := range cells {
		r, c := i/cols, i%cols
		inRow := min(cols, n-r*cols)
		left := (w - float32(inRow)*tile - gap*float32(inRow-1)) / 2
		cells[i] = Cell{X: left + float32(c)*(tile+gap), Y: top + float32(r)*(th+gap), W: tile, H: th}
	}
	return cells
}
