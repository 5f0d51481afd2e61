package hw

import "strings"

// worn are words in the names of speakers that are worn on the ears, in the languages
// of the systems that name them.
var worn = []string{
	"headset", "headphone", "head-phone", "earphone", "earbud", "earpod", "airpod", "buds", "in-ear", "hands-free", "handsfree",
	"headset-head-unit", "headset_head_unit", "kopfhörer", "ohrhörer", "casque", "écouteur", "auricular", "cuffie", "fone de ouvido",
	"耳机", "耳麦", "ヘッドホン", "ヘッドセット", "헤드셋", "헤드폰",
}

// isHeadset reports whether a speaker is worn on the ears, as far as its name and ID say:
// the sound systems tell no more of a device in one way that all of them have.
func isHeadset(name, id string) bool {
	name, id = strings.ToLower(name), strings.ToLower(id)
	for _, w := range worn {
		if strings.Contains(name, w) || strings.Contains(id, w) {
			return true
		}
	}
	return false
}
