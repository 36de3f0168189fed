package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/awsapi"
)

// RegionError means that a region was asked for that does not exist, as far as the caller's account can tell.
type RegionError struct {
	Region     string
	Suggestion string // the region with the most similar name; empty: none is similar
}

func (e *RegionError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("region %q does not exist", e.Region)
	}
	return fmt.Sprintf("region %q does not exist: did you mean %s?", e.Region, e.Suggestion)
}

// regionCheckLimit is how long an audit waits for the list of regions where it was told which ones to read: in a
// network without a way to the account service, that list never comes.
const regionCheckLimit = 5 * time.Second

// checkRegions returns a *RegionError for the first region that does not exist. Where the regions can't be listed it
// says nothing: the reads will tell.
func checkRegions(ctx context.Context, home *awsapi.Account, asked []string) error {
	ctx, cancel := context.WithTimeout(ctx, regionCheckLimit)
	defer cancel()
	known, err := home.EveryRegion(ctx)
	if err != nil {
		return nil
	}
	for _, region := range asked {
		if !slices.Contains(known, region) {
			return &RegionError{Region: region, Suggestion: similar(region, known)}
		}
	}
	return nil
}

// similar returns the first of the names that are the fewest changes away, at most a quarter of the word.
func similar(word string, names []string) string {
	best, least := "", len(word)/4+1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters must be put in, left out, replaced or swapped with the next to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d := min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
