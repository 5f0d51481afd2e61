package settings

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/saved"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// chooser is a row of a few values, one of which is chosen.
type chooser[T comparable] struct {
	*kit.Segments
	values []T
}

// newChooser returns a row. texts say the values, in their order.
func newChooser[T comparable](values []T, texts []string, act Actions, chosen func(T)) *chooser[T] {
	escape := func() { act.OpenSettings(model.PageNone) }
	c := &chooser[T]{Segments: kit.NewSegments(true, escape, texts...), values: values}
	c.OnChosen = func(i int) { chosen(values[i]) }
	return c
}

func (c *chooser[T]) set(value T) {
	if i := slices.Index(c.values, value); i != c.Chosen() {
		c.Choose(i)
	}
}

// onOff are the words of a switch, off first.
func onOff(book *words.Book) (values []bool, texts []string) {
	return []bool{false, true}, []string{book.T("settings.off"), book.T("settings.on")}
}

// still is the part of a page that has no clock.
type still struct{}

func (still) tick(*model.State, time.Time) {}
func (still) close()                       {}

// videoPage is how much video is sent and received.
type videoPage struct {
	still
	content *fyne.Container
	choice  Choice
	height  *chooser[int]
	audio   *chooser[bool]
}

func newVideoPage(book *words.Book, act Actions) *videoPage {
	p := &videoPage{}
	p.height = newChooser([]int{0, 720, 360, 180}, []string{
		book.T("settings.quality_auto"), book.T("settings.quality_720"), book.T("settings.quality_360"),
		book.T("settings.quality_180"),
	}, act, func(lines int) {
		p.choice.SendHeight = lines
		act.SetChoice(p.choice)
	})
	off, texts := onOff(book)
	p.audio = newChooser(off, texts, act, func(on bool) {
		p.choice.AudioOnly = on
		act.SetChoice(p.choice)
	})
	p.content = scrolled(
		part(book.T("settings.quality"), p.height.Container, hint(book.T("settings.quality.detail"))),
		part(book.T("settings.audio_only"), p.audio.Container, hint(book.T("settings.audio_only.detail"))),
	)
	return p
}

func (p *videoPage) object() fyne.CanvasObject { return p.content }

func (p *videoPage) update(_ *model.State, f Form, _ time.Time) {
	p.choice = f.Choice
	p.height.set(f.SendHeight)
	p.audio.set(f.AudioOnly)
}

// appearancePage is how the window looks, and which language it speaks.
type appearancePage struct {
	still
	content  *fyne.Container
	choice   Choice
	theme    *chooser[string]
	text     *chooser[string]
	motion   *chooser[bool]
	small    *chooser[bool]
	language *kit.Picker
	noFont   *kit.Text // why the chosen language is not spoken
	options  []kit.Option
}

func newAppearancePage(book *words.Book, act Actions, languages []words.Language) *appearancePage {
	p := &appearancePage{noFont: hint("").Colored(theme.Error)}
	change := func(set func(*Choice)) {
		set(&p.choice)
		act.SetChoice(p.choice)
	}
	p.theme = newChooser(
		[]string{"", "dark", "light"},
		[]string{book.T("settings.theme_system"), book.T("settings.theme_dark"), book.T("settings.theme_light")},
		act, func(v string) { change(func(c *Choice) { c.Theme = v }) },
	)
	p.text = newChooser(
		[]string{"", "large", "largest"},
		[]string{book.T("settings.text_normal"), book.T("settings.text_large"), book.T("settings.text_largest")},
		act, func(v string) { change(func(c *Choice) { c.Text = v }) },
	)
	off, texts := onOff(book)
	p.motion = newChooser(off, texts, act, func(on bool) { change(func(c *Choice) { c.Still = on }) })
	p.small = newChooser(
		off, []string{book.T("settings.small.by_key"), book.T("settings.small.always")},
		act, func(on bool) { change(func(c *Choice) { c.Small = on }) },
	)
	p.language = kit.NewPicker("info", nil, func(id string) { change(func(c *Choice) { c.Language = id }) })
	p.language.Label = book.T("settings.language")
	p.options = []kit.Option{{Text: book.T("settings.language_system")}}
	for _, l := range languages {
		p.options = append(p.options, kit.Option{ID: l.Code, Text: l.Name})
	}
	p.content = scrolled(
		part(book.T("settings.theme"), p.theme.Container), part(book.T("settings.text"), p.text.Container),
		part(book.T("settings.motion"), p.motion.Container, hint(book.T("settings.motion.detail"))),
		part(book.T("settings.language"), p.language, p.noFont),
		part(book.T("settings.small"), p.small.Container, hint(book.T("settings.small.detail"))),
	)
	return p
}

func (p *appearancePage) object() fyne.CanvasObject { return p.content }

func (p *appearancePage) update(_ *model.State, f Form, _ time.Time) {
	p.choice = f.Choice
	p.theme.set(f.Theme)
	p.text.set(f.Text)
	p.motion.set(f.Still)
	p.small.set(f.Small)
	p.language.Set(p.options, f.Language)
	p.noFont.Set("")
	if f.NoFont != "" {
		p.noFont.Set(words.NoFont(f.NoFont))
	}
	kit.SetVisible(p.noFont, f.NoFont != "")
}

// notificationsPage is what the desktop may tell while the window is not in front.
type notificationsPage struct {
	still
	content *fyne.Container
	choice  Choice
	told    *chooser[saved.Notifications]
	try     *kit.Button
}

func newNotificationsPage(book *words.Book, act Actions) *notificationsPage {
	p := &notificationsPage{}
	p.told = newChooser(
		[]saved.Notifications{{}, {Private: true}, {Off: true}},
		[]string{
			book.T("settings.notify_all"), book.T("settings.notify_private"), book.T("settings.notify_none"),
		}, act, func(n saved.Notifications) {
			p.choice.Notifications = n
			act.SetChoice(p.choice)
		},
	)
	p.try = kit.NewButton(book.T("settings.notify_try"), "bell", kit.Plain, act.TryNotification)
	p.content = scrolled(
		part(book.T("settings.notifications.title"), p.told.Container, hint(book.T("settings.notifications.detail"))),
		kit.Row(0, p.try),
	)
	return p
}

func (p *notificationsPage) object() fyne.CanvasObject { return p.content }

func (p *notificationsPage) update(_ *model.State, f Form, _ time.Time) {
	p.choice = f.Choice
	n := f.Notifications
	if n.Off { // nothing is told, with names or without
		n = saved.Notifications{Off: true}
	}
	p.told.set(n)
	p.try.SetEnabled(!n.Off)
}
