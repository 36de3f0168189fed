package iampolicy

import (
	"strconv"
	"strings"
)

// context holds the values of condition keys, by lower-case key. An empty list is a key known to be absent; a key
// without an entry is unknown.
type context map[string][]string

// holds tells whether a statement's conditions are all fulfilled.
func (c context) holds(conditions []Condition) Answer {
	all := Yes
	for _, condition := range conditions {
		all = min(all, c.one(condition))
	}
	return all
}

// one evaluates one condition as IAM does: several values of the policy are alternatives (for a negated operator, none
// may match), a missing key fails a plain operator and fulfils a negated one, an IfExists one and ForAllValues.
func (c context) one(condition Condition) Answer {
	operator := condition.Operator
	forAll := strings.HasPrefix(operator, "ForAllValues:")
	operator = strings.TrimPrefix(strings.TrimPrefix(operator, "ForAllValues:"), "ForAnyValue:")
	plain := strings.TrimSuffix(operator, "IfExists")
	have, known := c[strings.ToLower(condition.Key)]
	if !known {
		return CantTell
	}
	if plain == "Null" {
		return null(condition.Values, len(have) == 0)
	}
	compare, negated, ok := comparison(plain)
	if !ok {
		return CantTell // dates, addresses and binaries, or an operator that AWS added later
	}
	if len(have) == 0 {
		return answer(forAll || negated || plain != operator)
	}
	result := No
	if forAll {
		result = Yes
	}
	for _, value := range have {
		one := anyValue(condition.Values, value, compare)
		if negated {
			one = one.not()
		}
		if forAll {
			result = min(result, one)
		} else {
			result = max(result, one)
		}
	}
	return result
}

// null evaluates the operator Null, whose value says whether the key must be missing.
func null(values []string, missing bool) Answer {
	result := No
	for _, v := range values {
		result = max(result, answer(strings.EqualFold(v, strconv.FormatBool(missing))))
	}
	return result
}

// anyValue tells whether the value equals one that the policy names. A policy variable may stand for anything, so what
// matches only with it can't be told.
func anyValue(wanted []string, value string, compare func(wanted, value string) bool) Answer {
	result := No
	for _, w := range wanted {
		switch {
		case strings.Contains(w, "${"):
			result = max(result, CantTell)
		case compare(w, value):
			return Yes
		}
	}
	return result
}

// comparison returns how an operator compares, and whether it is a negation.
func comparison(operator string) (compare func(wanted, value string) bool, negated, ok bool) {
	switch operator {
	case "StringEquals":
		return func(w, v string) bool { return w == v }, false, true
	case "StringNotEquals":
		return func(w, v string) bool { return w == v }, true, true
	case "StringEqualsIgnoreCase", "Bool":
		return strings.EqualFold, false, true
	case "StringNotEqualsIgnoreCase":
		return strings.EqualFold, true, true
	case "StringLike":
		return glob, false, true
	case "StringNotLike":
		return glob, true, true
	case "ArnEquals", "ArnLike": // the two are the same at AWS
		return globARN, false, true
	case "ArnNotEquals", "ArnNotLike":
		return globARN, true, true
	}
	return numeric(operator)
}

// numeric returns the comparison of a numeric operator. What is no number compares as false.
func numeric(operator string) (compare func(wanted, value string) bool, negated, ok bool) {
	of := func(f func(v, w float64) bool) func(string, string) bool {
		return func(wanted, value string) bool {
			w, err1 := strconv.ParseFloat(wanted, 64)
			v, err2 := strconv.ParseFloat(value, 64)
			return err1 == nil && err2 == nil && f(v, w)
		}
	}
	switch operator {
	case "NumericEquals":
		return of(func(v, w float64) bool { return v == w }), false, true
	case "NumericNotEquals":
		return of(func(v, w float64) bool { return v == w }), true, true
	case "NumericLessThan":
		return of(func(v, w float64) bool { return v < w }), false, true
	case "NumericLessThanEquals":
		return of(func(v, w float64) bool { return v <= w }), false, true
	case "NumericGreaterThan":
		return of(func(v, w float64) bool { return v > w }), false, true
	case "NumericGreaterThanEquals":
		return of(func(v, w float64) bool { return v >= w }), false, true
	}
	return nil, false, false
}
