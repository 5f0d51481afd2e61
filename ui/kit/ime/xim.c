//go:build cgo && (linux || freebsd || openbsd || netbsd) && !android

// X input methods for a GLFW that creates its input context without a place and
// reports the keys that the method has taken. The linker sends GLFW's calls of Xlib
// here (--wrap). Everything runs on the main thread.

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "_cgo_export.h"
#include "xim.h"

Bool __real_XFilterEvent(XEvent *event, Window window);
XIC __real_XCreateIC(XIM im, ...);
void __real_XDestroyIC(XIC ic);

static XIC context;   // of the newest window
static int wanted;    // a text field has the keyboard
static int composing; // the method has taken the key before
static XPoint caret;

// A key that the method has taken is no key of the window's: GLFW would report it
// whatever XFilterEvent says. What the method gives back comes as an event of its
// own. A release stays: GLFW ignores that of a key which it has not seen pressed.
// So does a modifier: it would come back after its release, and stay pressed.
Bool __wrap_XFilterEvent(XEvent *event, Window window) {
	int type = event->type;
	if (!wanted && (type == KeyPress || type == KeyRelease))
		return False; // letters are the window's where nobody writes
	int modifier = type == KeyPress && IsModifierKey(XLookupKeysym(&event->xkey, 0));
	if (type == KeyPress && !modifier && !composing)
		foyerIMEKey(); // which says where the caret is; later, it would end the composition
	Bool filtered = __real_XFilterEvent(event, window);
	if (type == KeyPress && !modifier) {
		composing = filtered;
		if (filtered)
			event->type = NoExpose; // means nothing to GLFW
	}
	return filtered;
}

enum { MOST = 6 }; // pairs of a call

// Candidates at the caret want a style that has a place, and Xlib wants fonts for
// it, which the method does not use.
static XIC create_placed(XIM im, char *names[MOST], void *values[MOST], int style) {
	static XFontSet fonts;
	if (fonts == NULL) {
		char **missing = NULL, *fallback = NULL;
		int n = 0;
		fonts = XCreateFontSet(XDisplayOfIM(im), "fixed,-misc-fixed-*,*", &missing, &n, &fallback);
		if (missing != NULL)
			XFreeStringList(missing);
	}
	if (fonts == NULL)
		return NULL;
	void *plain = values[style];
	XVaNestedList place = XVaCreateNestedList(0, XNFontSet, fonts, XNSpotLocation, &caret, NULL);
	values[style] = (void *)(XIMPreeditPosition | XIMStatusNothing);
	XIC ic = __real_XCreateIC(im, XNPreeditAttributes, place, names[0], values[0], names[1], values[1],
		names[2], values[2], names[3], values[3], names[4], values[4], names[5], values[5], NULL);
	values[style] = plain;
	XFree(place);
	return ic;
}

XIC __wrap_XCreateIC(XIM im, ...) {
	char *names[MOST] = {NULL}; // the first NULL ends a call
	void *values[MOST] = {NULL};
	int n = 0, style = -1;
	va_list rest;
	va_start(rest, im);
	for (char *name; n < MOST && (name = va_arg(rest, char *)) != NULL; n++) {
		names[n] = name;
		values[n] = va_arg(rest, void *);
		if (strcmp(name, XNInputStyle) == 0)
			style = n;
	}
	va_end(rest);
	XIC ic = style < 0 ? NULL : create_placed(im, names, values, style);
	if (ic == NULL) // the method has no such style
		ic = __real_XCreateIC(im, names[0], values[0], names[1], values[1], names[2], values[2],
			names[3], values[3], names[4], values[4], names[5], values[5], NULL);
	context = ic;
	return ic;
}

void __wrap_XDestroyIC(XIC ic) {
	if (ic == context)
		context = NULL;
	__real_XDestroyIC(ic);
}

void foyer_ime_focus(int on) {
	wanted = on;
	composing = 0;
	if (on || context == NULL)
		return;
	char *rest = Xutf8ResetIC(context); // what was being composed is dropped
	if (rest != NULL)
		XFree(rest);
}

void foyer_ime_caret(int x, int y) {
	if (caret.x == x && caret.y == y)
		return;
	caret.x = (short)x;
	caret.y = (short)y;
	if (context == NULL)
		return;
	XVaNestedList place = XVaCreateNestedList(0, XNSpotLocation, &caret, NULL);
	XSetICValues(context, XNPreeditAttributes, place, NULL); // a context without a place ignores it
	XFree(place);
}
