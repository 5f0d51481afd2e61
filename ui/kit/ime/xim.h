// foyer_ime_focus gives the keys to the input method, or to the window.
void foyer_ime_focus(int on);

// foyer_ime_caret places the candidates, in pixels of the window.
void foyer_ime_caret(int x, int y);
