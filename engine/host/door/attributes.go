package door

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// checkAttributes refuses attributes of the door's names that a connect brings
// beside its token: whose token lets them change their own metadata may add
// attributes, but not a role or a place among the raised hands.
func checkAttributes(query url.Values, request map[string]string) error {
	given := maps.Clone(request)
	if packed := query.Get("attributes"); packed != "" {
		// As LiveKit reads them (rtcservice.go, decodeAttributes): what it does
		// not read, it ignores.
		raw, err := base64.URLEncoding.DecodeString(packed)
		if err == nil {
			_ = json.Unmarshal(raw, &given)
		}
	}
	for name := range given {
		if doorapi.IsOurs(name) {
			return fmt.Errorf("%w: the attribute %.64q is the server's", call.ErrBadArgument, name)
		}
	}
	return nil
}

// settleAttributes makes the role and the hand in a token true, and reports
// whether they were not. A resuming client has the attributes of the participant that
// is there.
func (d *Door) settleAttributes(ctx context.Context, c *connect) (changed bool, err error) {
	had := c.grants.Attributes
	if c.resumes {
		return false, nil
	}
	role := ""
	if c.ours || c.member.Role != "" {
		role = string(c.member.Role)
	}
	hand := ""
	if had[doorapi.AttributeHand] != "" {
		hand, err = handOf(ctx, d.rooms, roomservice.Place{Room: c.room(), Identity: c.identity()})
		if err != nil {
			return false, err
		}
	}
	if had[doorapi.AttributeRole] == role && had[doorapi.AttributeHand] == hand {
		return false, nil
	}
	now := maps.Clone(had)
	if now == nil {
		now = map[string]string{}
	}
	now[doorapi.AttributeRole], now[doorapi.AttributeHand] = role, hand
	maps.DeleteFunc(now, func(_, value string) bool { return value == "" })
	c.grants.Attributes = now
	return true, nil
}

// handOf is the hand of somebody in the room, empty if it is down or nobody is
// there: a token may be older than that.
func handOf(ctx context.Context, rooms *roomservice.Client, who roomservice.Place) (string, error) {
	p, err := rooms.Participant(ctx, who)
	if errors.Is(err, call.ErrAlreadyGone) {
		return "", nil
	}
	return p.GetAttributes()[doorapi.AttributeHand], err
}

// attributesFor are what the door says of a member in a token for a join: tag is
// that of the member. A hand that is up stays up for a client that joins anew by itself.
func attributesFor(
	req *doorapi.JoinRequest, m register.Member, tag, hand string, outside bool,
) map[string]string {
	all := map[string]string{
		doorapi.AttributeMember:     tag,
		doorapi.AttributeGeneration: strconv.FormatInt(m.Generation, 10),
		doorapi.AttributeRole:       string(m.Role),
	}
	if req.Generation != 0 {
		all[againAttribute] = "1"
		if hand != "" {
			all[doorapi.AttributeHand] = hand
		}
	}
	if req.Batches {
		all[doorapi.AttributeBatches] = "1"
	}
	if outside {
		all[doorapi.AttributeOutside] = "1"
	}
	return all
}
