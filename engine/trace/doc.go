// Package trace writes down what a client does, a JSON object a line: what comes
// into the engine's loop and what it reports ([engine.Note]), and the frames of the
// signal connection. It is for whoever looks for a fault, and for tests, which let
// an engine do the same again.
//
// A trace may be handed on: no secret is in it. Values are written field by field,
// and links without their secret or token, keys, payloads and what people say in
// the chat are not. Tokens, passwords of relays and invite links are cut out of
// whatever else has them in it, an error's text for example.
package trace
