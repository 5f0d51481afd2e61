// Package ime makes the keys of an input method its own while somebody types
// Chinese, Japanese or Korean: a key that corrects or takes what is being composed
// does nothing else in the window, and the candidates stand at the caret.
//
// Fyne knows nothing of input methods. On X11, GLFW reports keys that the method
// has taken as pressed, and never says where the caret is. Here the linker replaces
// the three calls of Xlib that matter, so that no fork of GLFW is needed. Windows
// withholds such keys by itself and is told only the place. On macOS nothing is
// done.
//
// Everything belongs to Fyne's main goroutine.
package ime
