package settings

import (
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call/mic"
	"foyer/ui/model"
	"foyer/ui/words"
)

// voicePage is what is done to our microphone before it is sent.
type voicePage struct {
	still
	content *fyne.Container
	choice  Choice
	echo    *chooser[mic.EchoMode]
	noise   *chooser[mic.NoiseLevel]
	gain    *chooser[bool] // whether it is off
	music   *chooser[bool]
}

func newVoicePage(book *words.Book, act Actions) *voicePage {
	p := &voicePage{}
	change := func(set func(*mic.Voice)) {
		set(&p.choice.Voice)
		act.SetChoice(p.choice)
	}
	p.echo = newChooser(
		[]mic.EchoMode{mic.EchoAuto, mic.EchoOn, mic.EchoOff},
		[]string{book.T("settings.automatic"), book.T("settings.on"), book.T("settings.off")},
		act, func(m mic.EchoMode) { change(func(v *mic.Voice) { v.Echo = m }) },
	)
	p.noise = newChooser(
		[]mic.NoiseLevel{mic.NoiseOff, mic.NoiseLight, mic.NoiseStrong},
		[]string{book.T("settings.off"), book.T("settings.noise_light"), book.T("settings.noise_strong")},
		act, func(n mic.NoiseLevel) { change(func(v *mic.Voice) { v.Noise = n }) },
	)
	off, texts := onOff(book)
	p.gain = newChooser([]bool{true, false}, texts, act, func(off bool) { change(func(v *mic.Voice) { v.GainOff = off }) })
	p.music = newChooser(off, texts, act, func(on bool) { change(func(v *mic.Voice) { v.Music = on }) })
	echo := part(book.T("settings.echo"), p.echo.Container, hint(book.T("settings.echo.detail")))
	noise := part(book.T("settings.noise"), p.noise.Container, hint(book.T("settings.noise.detail")))
	gain := part(book.T("settings.gain"), p.gain.Container, hint(book.T("settings.gain.detail")))
	p.content = scrolled(
		echo, noise, gain,
		part(book.T("settings.music"), p.music.Container, hint(book.T("settings.music.detail"))),
	)
	return p
}

func (p *voicePage) object() fyne.CanvasObject { return p.content }

func (p *voicePage) update(_ *model.State, f Form, _ time.Time) {
	p.choice = f.Choice
	p.echo.set(f.Voice.Echo)
	p.noise.set(f.Voice.Noise)
	p.gain.set(f.Voice.GainOff)
	p.music.set(f.Voice.Music)
}
