package view

import (
	"flag"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/ui/words"
)

var galleryFolder = flag.String("gallery", "", "write every screen in every theme and language into this folder")

// shot is one image of the gallery.
type shot struct {
	name    string
	size    fyne.Size
	prepare func(*stand) // and shows it
}

// shots are the screens that have images, each once, and what lies over them.
func shots() []shot {
	var all []shot
	for of, screens := range map[string][]screen{
		"lobby": lobbyScreens(), "room": roomScreens(), "farewell": farewellScreens(), "panel": panelScreens(),
		"people": handScreens(),
	} {
		for _, sc := range screens {
			all = append(all, shot{of + "-" + sc.name, normal, func(s *stand) {
				sc.prepare(s)
				s.show()
			}})
		}
	}
	for _, sc := range setupScreens() {
		all = append(all, shot{"settings-" + sc.name, narrow, func(s *stand) {
			s.apply(previewOn()...)
			u := openSetup(s, sc.page)
			sc.prepare(u)
			u.update()
		}})
	}
	for name, prepare := range phoneScreens() {
		all = append(all, shot{"narrow-" + name, phone, prepare})
	}
	all = append(all, shot{"removal", narrow, inLanguages()["removal"]})
	slices.SortFunc(all, func(a, b shot) int { return strings.Compare(a.name, b.name) })
	return all
}

func galleryThemes() map[string]fyne.ThemeVariant {
	return map[string]fyne.ThemeVariant{"dark": fynetheme.VariantDark, "light": fynetheme.VariantLight}
}

// galleryPage lists the images of a gallery, those of one screen side by side.
var galleryPage = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<meta charset="utf-8"><title>Foyer</title>
<style>body{font:14px sans-serif;background:#888}img{width:30%;margin:4px}h2{margin:24px 4px 4px}</style>
{{range .}}<h2 id="{{.Name}}">{{.Name}}</h2>
{{range .Files}}<a href="{{.}}"><img src="{{.}}" alt="{{.}}" title="{{.}}" loading="lazy"></a>
{{end}}{{end}}`))

// Every screen can be drawn in every theme and language, for whoever works on the
// looks: make gallery. Without a folder one screen is drawn in all of them.
func TestGallery(t *testing.T) {
	drawsMuch(t)
	folder, all := *galleryFolder, shots()
	if folder == "" {
		folder = t.TempDir()
		all = slices.DeleteFunc(all, func(sh shot) bool { return sh.name != "narrow-farewell" })
	}
	type row struct {
		Name  string
		Files []string
	}
	var rows []row
	for _, sh := range all {
		r := row{Name: sh.name}
		for _, l := range words.Languages() {
			for theme, variant := range galleryThemes() {
				s := newStandIn(t, l.Code, sh.size, variant)
				sh.prepare(s)
				file := filepath.Join(l.Code, theme, sh.name+".png")
				s.write(filepath.Join(folder, file), s.capture())
				r.Files = append(r.Files, filepath.ToSlash(file))
				for _, over := range s.win.Canvas().Overlays().List() {
					s.win.Canvas().Overlays().Remove(over)
				}
			}
		}
		slices.Sort(r.Files)
		rows = append(rows, r)
	}
	page, err := os.Create(filepath.Join(folder, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := galleryPage.Execute(page, rows); err != nil {
		t.Fatal(err)
	}
	looksDiffer(t, folder, rows[0].Files)
}

// looksDiffer sees that each image is another one.
func looksDiffer(t *testing.T, folder string, files []string) {
	t.Helper()
	seen := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[string(data)]; other != "" {
			t.Errorf("%s looks like %s", file, other)
		}
		seen[string(data)] = file
	}
	if want := len(words.Languages()) * len(galleryThemes()); len(files) != want {
		t.Errorf("%d images, want %d", len(files), want)
	}
}
