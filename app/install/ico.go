package install

import (
	"bytes"
	"encoding/binary"
)

// WindowsIcon returns the program's icon as an .ico file, with the sizes in which
// Windows shows it.
func WindowsIcon() ([]byte, error) {
	drawn, err := icons()
	if err != nil {
		return nil, err
	}
	sizes := []int{16, 24, 32, 48, 64, 128, 256}
	const headSize, entrySize = 6, 16
	at := headSize + entrySize*len(sizes)
	var head, images bytes.Buffer
	put := func(values ...uint16) { _ = binary.Write(&head, binary.LittleEndian, values) } // a buffer takes all
	put(0, 1, uint16(len(sizes)))                                                          // 1: icons
	for _, size := range sizes {
		image := drawn[size]
		put(uint16(size&0xff) | uint16(size&0xff)<<8) // width and height; 0 is 256
		put(0, 1, 32)                                 // no palette, planes, bits of a pixel
		_ = binary.Write(&head, binary.LittleEndian, []uint32{uint32(len(image)), uint32(at + images.Len())})
		images.Write(image)
	}
	head.Write(images.Bytes())
	return head.Bytes(), nil
}
