//go:build linux

// Package desktop looks at an X display and clicks on it, as somebody does who
// sits before it: tests of the real window find its buttons by what they look
// like. One goroutine uses a Desktop.
package desktop

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"foyer/internal/drive"
)

// answerLimit is how long the owner of the clipboard may take to hand it over.
const answerLimit = 5 * time.Second

// Desktop is a connection to a display.
type Desktop struct {
	display *drive.Display
	conn    *xgb.Conn
	root    xproto.Window
	size    image.Point
}

// Open connects to a display.
func Open(d *drive.Display) (*Desktop, error) {
	// It would tell on stderr that a private display asks for no password.
	xgb.Logger.SetOutput(io.Discard)
	conn, err := xgb.NewConnDisplay(d.Name)
	if err != nil {
		return nil, fmt.Errorf("display %s: %w", d.Name, err)
	}
	screen := xproto.Setup(conn).DefaultScreen(conn)
	return &Desktop{d, conn, screen.Root, image.Pt(int(screen.WidthInPixels), int(screen.HeightInPixels))}, nil
}

// Close ends the connection.
func (d *Desktop) Close() { d.conn.Close() }

// Look returns what the screen shows in r.
//
// It and what finds patches are not watched by the race detector: an image is its
// owner's alone, and looking at a million pixels would take most of a processor.
//
//go:norace
func (d *Desktop) Look(r image.Rectangle) (*image.RGBA, error) {
	r = r.Intersect(image.Rectangle{Max: d.size})
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
	if err != nil {
		return nil, fmt.Errorf("look at the screen: %w", err)
	}
	img := image.NewRGBA(r)
	for i := 0; i+3 < len(reply.Data) && i+3 < len(img.Pix); i += 4 { // BGRX, 24 bit deep
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 255
	}
	return img, nil
}

// Size is the size of the screen in pixels.
func (d *Desktop) Size() image.Point { return d.size }

// Screen returns all that the screen shows.
func (d *Desktop) Screen() (*image.RGBA, error) { return d.Look(image.Rectangle{Max: d.size}) }

// Save writes all that the screen shows as a PNG.
func (d *Desktop) Save(name string) error {
	img, err := d.Screen()
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fast := png.Encoder{CompressionLevel: png.BestSpeed} // with the race detector, the best takes a second
	return fast.Encode(f, img)
}

// Blob is a patch of one colour.
type Blob struct {
	image.Rectangle
	Pixels int
}

// Centre is where to click it.
func (b Blob) Centre() image.Point { return b.Min.Add(b.Max).Div(2) }

// Blobs finds the connected patches of about that colour with at least so many
// pixels, from the top left.
//
//go:norace
func Blobs(img *image.RGBA, c color.RGBA, tolerance, pixels int) []Blob {
	b := img.Bounds()
	width := b.Dx()
	seen := make([]bool, width*b.Dy())
	var found []Blob
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if seen[(y-b.Min.Y)*width+x-b.Min.X] || !nearAt(img, x, y, c, tolerance) {
				continue
			}
			blob := flood(image.Pt(x, y), func(q image.Point) bool {
				i := (q.Y-b.Min.Y)*width + q.X - b.Min.X
				if !q.In(b) || seen[i] || !nearAt(img, q.X, q.Y, c, tolerance) {
					return false
				}
				seen[i] = true
				return true
			})
			if blob.Pixels >= pixels {
				found = append(found, blob)
			}
		}
	}
	return found
}

// flood walks the patch around p; take says whether a point belongs to it and
// is new.
//
//go:norace
func flood(p image.Point, take func(image.Point) bool) Blob {
	blob := Blob{}
	for stack := []image.Point{p}; len(stack) > 0; {
		q := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !take(q) {
			continue
		}
		blob.Pixels++
		blob.Rectangle = blob.Union(image.Rectangle{Min: q, Max: q.Add(image.Pt(1, 1))})
		stack = append(stack, q.Add(image.Pt(1, 0)), q.Add(image.Pt(-1, 0)), q.Add(image.Pt(0, 1)), q.Add(image.Pt(0, -1)))
	}
	return blob
}

// nearAt reports whether a pixel has about that colour.
//
//go:norace
func nearAt(img *image.RGBA, x, y int, c color.RGBA, tolerance int) bool {
	i := (y-img.Rect.Min.Y)*img.Stride + (x-img.Rect.Min.X)*4
	for k, want := range [3]uint8{c.R, c.G, c.B} {
		if got := int(img.Pix[i+k]); got < int(want)-tolerance || got > int(want)+tolerance {
			return false
		}
	}
	return true
}

// Windows returns the visible windows with that text in their title.
func (d *Desktop) Windows(ctx context.Context, title string) []string {
	out, err := d.display.Command(ctx, "xdotool", "search", "--onlyvisible", "--name", title).Output()
	if err != nil {
		return nil // none
	}
	return strings.Fields(string(out))
}

// Popups returns where the visible windows of a program lie that no window manager
// manages, by the program's class.
func (d *Desktop) Popups(ctx context.Context, class string) []image.Point {
	out, err := d.display.Command(ctx, "xdotool", "search", "--onlyvisible", "--class", class,
		"getwindowgeometry", "--shell", "%@").Output()
	if err != nil {
		return nil // none
	}
	var at []image.Point
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		n, _ := strconv.Atoi(value) // a line of another kind
		switch name {
		case "X":
			at = append(at, image.Pt(n, 0))
		case "Y":
			at[len(at)-1].Y = n
		}
	}
	return at
}

// Active returns the window that has the keyboard, empty if none has.
func (d *Desktop) Active(ctx context.Context) string {
	out, err := d.display.Command(ctx, "xdotool", "getactivewindow").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Place is where a window's content is on the screen.
func (d *Desktop) Place(window string) (image.Rectangle, error) {
	id, err := strconv.ParseUint(window, 10, 32)
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("window %q: %w", window, err)
	}
	size, err := xproto.GetGeometry(d.conn, xproto.Drawable(id)).Reply()
	if err != nil {
		return image.Rectangle{}, err
	}
	at, err := xproto.TranslateCoordinates(d.conn, xproto.Window(id), d.root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}, err
	}
	x, y := int(at.DstX), int(at.DstY)
	return image.Rect(x, y, x+int(size.Width), y+int(size.Height)), nil
}

// Arrange puts a window's content somewhere.
func (d *Desktop) Arrange(ctx context.Context, window string, to image.Rectangle) error {
	return d.do(ctx, "windowsize", "--sync", window, strconv.Itoa(to.Dx()), strconv.Itoa(to.Dy()),
		"windowmove", "--sync", window, strconv.Itoa(to.Min.X), strconv.Itoa(to.Min.Y))
}

// Activate gives a window the keyboard.
func (d *Desktop) Activate(ctx context.Context, window string) error {
	return d.do(ctx, "windowactivate", "--sync", window)
}

// Minimize minimizes a window.
func (d *Desktop) Minimize(ctx context.Context, window string) error {
	return d.do(ctx, "windowminimize", "--sync", window)
}

// Point moves the pointer there: what lies under it looks different.
func (d *Desktop) Point(ctx context.Context, p image.Point) error {
	return d.do(ctx, "mousemove", "--sync", strconv.Itoa(p.X), strconv.Itoa(p.Y))
}

// Click clicks with the left button.
func (d *Desktop) Click(ctx context.Context, p image.Point) error {
	return d.do(ctx, "mousemove", "--sync", strconv.Itoa(p.X), strconv.Itoa(p.Y), "click", "1")
}

// DoubleClick clicks twice with the left button, as quickly as people do.
func (d *Desktop) DoubleClick(ctx context.Context, p image.Point) error {
	return d.do(ctx, "mousemove", "--sync", strconv.Itoa(p.X), strconv.Itoa(p.Y),
		"click", "--repeat", "2", "--delay", "80", "1")
}

// Type types text into what has the keyboard.
func (d *Desktop) Type(ctx context.Context, text string) error {
	return d.do(ctx, "type", "--delay", "20", "--", text)
}

// Key presses a key, such as "Return" or "ctrl+v".
func (d *Desktop) Key(ctx context.Context, key string) error { return d.do(ctx, "key", key) }

// Hold presses a key and does not release it.
func (d *Desktop) Hold(ctx context.Context, key string) error { return d.do(ctx, "keydown", key) }

// Release releases a key that is held.
func (d *Desktop) Release(ctx context.Context, key string) error { return d.do(ctx, "keyup", key) }

// OpenWindow opens another program's window, which the window manager gives the
// keyboard. It closes with the Desktop.
func (d *Desktop) OpenWindow() error {
	id, err := xproto.NewWindowId(d.conn)
	if err != nil {
		return err
	}
	screen := xproto.Setup(d.conn).DefaultScreen(d.conn)
	const side = 200
	if err := xproto.CreateWindowChecked(
		d.conn, screen.RootDepth, id, d.root, 0, 0, side, side, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil,
	).Check(); err != nil {
		return err
	}
	return xproto.MapWindowChecked(d.conn, id).Check()
}

// TakeKey takes a key for another program, whatever window has the keyboard, until
// free is called. It fails while somebody else has it.
func (d *Desktop) TakeKey(symbol xproto.Keysym) (free func(), err error) {
	setup := xproto.Setup(d.conn)
	first := setup.MinKeycode
	keys, err := xproto.GetKeyboardMapping(d.conn, first, byte(setup.MaxKeycode-first+1)).Reply()
	if err != nil {
		return nil, err
	}
	at := slices.Index(keys.Keysyms, symbol)
	if at < 0 {
		return nil, fmt.Errorf("no key has the symbol %#x", symbol)
	}
	code := first + xproto.Keycode(at/int(keys.KeysymsPerKeycode))
	if err := xproto.GrabKeyChecked(
		d.conn, false, d.root, 0, code, xproto.GrabModeAsync, xproto.GrabModeAsync,
	).Check(); err != nil {
		return nil, err
	}
	return func() { _ = xproto.UngrabKeyChecked(d.conn, code, d.root, 0).Check() }, nil
}

// Clipboard returns the text on the clipboard.
func (d *Desktop) Clipboard(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	out, err := d.display.Command(ctx, "xclip", "-selection", "clipboard", "-out").Output()
	return string(out), err
}

// CloseWindow asks a window to close as a window manager does when somebody
// clicks its X (ICCCM 4.2.8.1).
func (d *Desktop) CloseWindow(window string) error {
	id, err := strconv.ParseUint(window, 10, 32)
	if err != nil {
		return fmt.Errorf("window %q: %w", window, err)
	}
	atoms := make([]uint32, 0, 2)
	for _, name := range []string{"WM_PROTOCOLS", "WM_DELETE_WINDOW"} {
		reply, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return err
		}
		atoms = append(atoms, uint32(reply.Atom))
	}
	message := xproto.ClientMessageEvent{
		Format: 32, Window: xproto.Window(id), Type: xproto.Atom(atoms[0]),
		Data: xproto.ClientMessageDataUnionData32New([]uint32{atoms[1], xproto.TimeCurrentTime, 0, 0, 0}),
	}
	return xproto.SendEventChecked(d.conn, false, xproto.Window(id), 0, string(message.Bytes())).Check()
}

func (d *Desktop) do(ctx context.Context, args ...string) error {
	cmd := d.display.Command(ctx, "xdotool", args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("xdotool %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
