package iampolicy

// Answer is what documents can tell: no, can't tell, or yes. They are ordered so, and the smaller of two is their
// conjunction.
type Answer uint8

// The answers. The zero Answer is No.
const (
	No Answer = iota
	CantTell
	Yes
)

func (a Answer) String() string {
	switch a {
	case No:
		return "no"
	case Yes:
		return "yes"
	}
	return "can't tell"
}

// not turns yes and no round.
func (a Answer) not() Answer { return Yes - a }

func answer(b bool) Answer {
	if b {
		return Yes
	}
	return No
}
