package hw

import "strings"

// worn are words in the names of speakers that are worn on the ears, in the languages
// of the systems that name them.
var worn = []string{
	"headset", "headphone", "head-phone", "earphone", "earbud", "earpod", "airpod", "buds", "in-ear",
	"kopfhörer", "ohrhörer", "casque", "écouteur", "auricular", "cuffie", "fone de ouvido",
	"耳机", "耳麦", "ヘッドホン", "ヘッドセット", "헤드셋", "헤드폰",
}

// doubtful are words in the names of speakers that may be loud nevertheless: a jack and
// a loudspeaker behind one name, and what Windows calls everything with Bluetooth's
// hands-free profile.
var doubtful = []string{
	"speaker", "lautsprecher", "haut-parleur", "altavo", "altoparlant", "alto-falante", "luidspreker", "динамик",
	"扬声器", "喇叭", "スピーカー", "스피커",
	"headset (", "hands-free", "handsfree",
}

// profile takes the names of Bluetooth's profiles out of an ID: loudspeakers have them too.
var profile = strings.NewReplacer("headset-head-unit", "", "headset_head_unit", "")

// isHeadset reports whether a speaker is worn on the ears, as far as its name and ID say:
// the sound systems tell no more of a device in one way that all of them have. When in
// doubt it is not: an echo that is left in is worse than one that is looked for in vain.
func isHeadset(name, id string) bool {
	both := strings.ToLower(name) + "\n" + profile.Replace(strings.ToLower(id))
	return hasAny(both, worn) && !hasAny(both, doubtful)
}

// hasAny reports whether s contains one of the words.
func hasAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
