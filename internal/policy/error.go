package policy

import "fmt"

// Error is one thing that is wrong with a policy file, and where. Line and column count from one.
type Error struct {
	File         string
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// nearest returns the candidate that the word was probably meant to be, if any is close: at most a third of its
// letters differ.
func nearest(word string, candidates []string) (string, bool) {
	best, bestDistance := "", len(word)
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance && d <= max(1, len(c)/3) {
			best, bestDistance = c, d
		}
	}
	return best, best != ""
}

// distance is the number of single-character edits between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
