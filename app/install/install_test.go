package install

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"foyer/app/manual"
)

func content(program string) Content {
	return Content{
		Program: program, Licences: "all of them\n",
		Manual: manual.Program{Version: "1", Pages: []manual.Page{{}, {Name: "serve", About: "run a room server"}}},
	}
}

func all(t *testing.T, program string) map[string][]byte {
	t.Helper()
	files, err := All(content(program))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, f := range files {
		if found[f.Path] != nil || len(f.Data) == 0 {
			t.Errorf("%s is there twice, or empty", f.Path)
		}
		found[f.Path] = f.Data
	}
	return found
}

func TestFilesNameTheProgram(t *testing.T) {
	const folder = `/opt/video "chat" 50% $x 房间\`
	files := all(t, folder)
	for path, want := range map[string]string{
		"share/applications/app.foyer.Foyer.desktop": `Exec="/opt/video \\"chat\\" 50%% \\$x 房间\\\\" %u`,
		"lib/systemd/system/foyer.service":           `ExecStart="/opt/video \"chat\" 50%% $$x 房间\\" serve `,
		"share/systemd/user/foyer.service":           `ExecStart="/opt/video \"chat\" 50%% $$x 房间\\" serve `,
	} {
		if !strings.Contains(string(files[path]), "\n"+want) {
			t.Errorf("%s has no %s:\n%s", path, want, files[path])
		}
	}
	if got := string(all(t, "/usr/bin/foyer")["share/applications/app.foyer.Foyer.desktop"]); !strings.Contains(got, "\nExec=/usr/bin/foyer %u\n") {
		t.Errorf("a plain path is quoted:\n%s", got)
	}
}

func TestIconsHaveTheirSizes(t *testing.T) {
	found := 0
	size := regexp.MustCompile(`/\d+x\d+/`)
	for path, data := range all(t, "foyer") {
		if !strings.HasSuffix(path, ".png") {
			continue
		}
		found++
		icon, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		b := icon.Bounds()
		if m := size.FindStringSubmatch(path); m == nil || m[0] != fmt.Sprintf("/%dx%d/", b.Dx(), b.Dy()) {
			t.Errorf("%s is %v", path, b)
		}
		// The middle of the door is opaque, the corner is not painted.
		_, _, _, middle := icon.At(b.Dx()/2, b.Dy()/2).RGBA()
		_, _, _, corner := icon.At(0, 0).RGBA()
		if middle != 0xffff || corner > 0x1000 {
			t.Errorf("%s is not the icon: %x in the middle, %x in the corner", path, middle, corner)
		}
	}
	if found != len(iconSizes()) {
		t.Errorf("%d icons", found)
	}
}

// What is packed can be read to its end.
func TestPackedFilesAreWhole(t *testing.T) {
	found := 0
	for path, data := range all(t, "foyer") {
		if !strings.HasSuffix(path, ".gz") {
			continue
		}
		found++
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if text, err := io.ReadAll(r); err != nil || len(text) == 0 {
			t.Errorf("%s has %q, %v", path, text, err)
		}
	}
	if found < 3 { // two man pages and the licences
		t.Errorf("%d packed files", found)
	}
}

// The same program writes the same bytes: packages are compared byte by byte.
func TestFilesAreReproducible(t *testing.T) {
	first, second := all(t, "foyer"), all(t, "foyer")
	for path, data := range first {
		if !bytes.Equal(data, second[path]) {
			t.Errorf("%s differs", path)
		}
	}
}

func TestRemoveLeavesWhatIsNotOurs(t *testing.T) {
	folder := t.TempDir()
	files, err := All(content("foyer"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "share", "applications", "other.desktop")
	if err := os.MkdirAll(filepath.Dir(other), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second writes over the first
		if written, err := Write(folder, files); err != nil || len(written) != len(files) {
			t.Fatalf("wrote %d of %d: %v", len(written), len(files), err)
		}
	}
	if got := list(t, folder); len(got) != len(files)+1 {
		t.Errorf("there are %d files: %v", len(got), got)
	}
	if removed, err := Remove(folder, files); err != nil || len(removed) != len(files) {
		t.Fatalf("removed %d of %d: %v", len(removed), len(files), err)
	}
	if removed, err := Remove(folder, files); err != nil || len(removed) != 0 {
		t.Errorf("removed %v again, %v", removed, err)
	}
	if got := list(t, folder); !slices.Equal(got, []string{other}) {
		t.Errorf("left are %v", got)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("empty folders are left: %v", entries)
	}
}

func list(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
			info, _ := d.Info()
			if runtime.GOOS != "windows" && filepath.Base(path) != "other.desktop" && info.Mode().Perm() != fileMode {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The bundle for macOS says of the program what FyneApp.toml says, and has what macOS
// wants to know before it lets a program have a camera or a link.
func TestTheBundleForMacOS(t *testing.T) {
	info, err := os.ReadFile(filepath.Join("..", "..", "packaging", "macos", "Info.plist"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<key>CFBundleIdentifier</key>\n\t<string>" + ID + "</string>", "<key>NSCameraUsageDescription</key>",
		"<key>NSMicrophoneUsageDescription</key>", "<key>NSLocalNetworkUsageDescription</key>", "<string>foyer</string>\n\t\t\t</array>",
	} {
		if !strings.Contains(string(info), want) {
			t.Errorf("Info.plist lacks %q", want)
		}
	}
	rights, err := os.ReadFile(filepath.Join("..", "..", "packaging", "macos", "entitlements.plist"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"device.camera", "device.audio-input", "cs.allow-unsigned-executable-memory"} {
		if !strings.Contains(string(rights), "<key>com.apple.security."+want+"</key>\n\t<true/>") {
			t.Errorf("the entitlements lack %s", want)
		}
	}
	for _, d := range []*xml.Decoder{xml.NewDecoder(bytes.NewReader(info)), xml.NewDecoder(bytes.NewReader(rights))} {
		err = nil
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
}

func TestWriteSaysWhatItCannot(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "share"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := All(content("foyer"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(folder, files); err == nil {
		t.Error("wrote below a file")
	}
}

// The same things are said of the program in several files.
func TestMetadataAgree(t *testing.T) {
	toml, err := os.ReadFile(filepath.Join("..", "..", "FyneApp.toml"))
	if err != nil {
		t.Fatal(err)
	}
	value := func(key string) string {
		m := regexp.MustCompile(`(?m)^\s*` + key + ` = (.*)$`).FindSubmatch(toml)
		if m == nil {
			t.Fatalf("FyneApp.toml has no %s", key)
		}
		return strings.Trim(string(m[1]), `"`)
	}
	entry := string(all(t, "foyer")["share/applications/app.foyer.Foyer.desktop"])
	semicolons := func(array string) string {
		return strings.NewReplacer("[", "", `", "`, ";", `"`, "", "]", ";").Replace(array)
	}
	for _, line := range []string{
		"Name=" + value("Name"), "GenericName=" + value("GenericName"), "Comment=" + value("Comment"),
		"Icon=" + value("ID"), "Exec=foyer" + value("ExecParams"),
		"Categories=" + semicolons(value("Categories")), "Keywords=" + semicolons(value("Keywords")),
	} {
		if !strings.Contains(entry, "\n"+line+"\n") {
			t.Errorf("the entry of the menu has no line %q", line)
		}
	}
	if value("ID") != ID {
		t.Errorf("FyneApp.toml has the ID %s", value("ID"))
	}
	var info struct {
		ID       string `xml:"id"`
		Releases []struct {
			Version string `xml:"version,attr"`
		} `xml:"releases>release"`
		Launchable string `xml:"launchable"`
	}
	if err := xml.Unmarshal(all(t, "foyer")["share/metainfo/app.foyer.Foyer.metainfo.xml"], &info); err != nil {
		t.Fatal(err)
	}
	if info.ID != ID || info.Launchable != ID+".desktop" || len(info.Releases) == 0 || info.Releases[0].Version != value("Version") {
		t.Errorf("metainfo says %+v, FyneApp.toml version %s", info, value("Version"))
	}
}
