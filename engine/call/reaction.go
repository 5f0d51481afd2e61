package call

// Reaction is shown at somebody for a moment. It travels as this text.
type Reaction string

// Reactions that are shown.
const (
	ReactionYes   Reaction = "👍"
	ReactionClap  Reaction = "👏"
	ReactionHeart Reaction = "❤️"
	ReactionLaugh Reaction = "😂"
	ReactionWow   Reaction = "😮"
	ReactionParty Reaction = "🎉"
)

// Reactions lists them in the order in which they are offered.
func Reactions() []Reaction {
	return []Reaction{ReactionYes, ReactionClap, ReactionHeart, ReactionLaugh, ReactionWow, ReactionParty}
}
