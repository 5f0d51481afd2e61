package signalconn

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxParts is how many messages and texts one message of the server's may hold:
// a room of five thousand has some twelve for each person. An empty message takes
// two bytes on the wire, and a hundred times as much when it is read.
const maxParts = 1 << 16

// countable reports whether data, a message of kind d, has no more than maxParts
// parts. What cannot be read at all is left to the reader of it.
func countable(data []byte, d protoreflect.MessageDescriptor) bool {
	left := maxParts
	return count(data, d, &left)
}

func count(data []byte, d protoreflect.MessageDescriptor, left *int) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return true
		}
		data = data[n:]
		size := protowire.ConsumeFieldValue(number, kind, data)
		if size < 0 {
			return true
		}
		value := data[:size]
		data = data[size:]
		field := d.Fields().ByNumber(number)
		if kind != protowire.BytesType || field == nil {
			continue
		}
		if *left--; *left < 0 {
			return false
		}
		if field.Message() == nil {
			continue
		}
		if inner, n := protowire.ConsumeBytes(value); n >= 0 && !count(inner, field.Message(), left) {
			return false
		}
	}
	return true
}
