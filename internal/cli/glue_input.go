package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/procedure"
)

// operationFlags are the flags that stand for members of the API's own requests.
func operationFlags() []string {
	return []string{"endpoint-name", "security-configuration", "transform-id", "transform-input", "next-token", "max-results"}
}

// parameters fills the flags in that the AWS CLI takes in other ways too: from a file (file://NAME), and all together as
// one JSON object, in which flags that are given override.
func parameters(flags *pflag.FlagSet) error {
	var failed error
	flags.Visit(func(f *pflag.Flag) {
		if failed != nil || !slices.Contains(append(operationFlags(), "cli-input-json"), f.Name) {
			return
		}
		text, ok, err := fileParameter(f.Value.String())
		if err != nil {
			failed = fmt.Errorf("Error parsing parameter '--%s': %w", f.Name, err)
		}
		if ok {
			failed = errors.Join(failed, flags.Set(f.Name, text))
		}
	})
	if failed != nil || !flags.Changed("cli-input-json") {
		return failed
	}
	return inputJSON(flags, flags.Lookup("cli-input-json").Value.String())
}

// fileParameter reads the file that a parameter names instead of its value.
func fileParameter(value string) (string, bool, error) {
	for _, prefix := range []string{"file://", "fileb://"} {
		name, ok := strings.CutPrefix(value, prefix)
		if !ok {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return "", false, fmt.Errorf("Unable to load paramfile %s: %w", value, bare(err)) //nolint:staticcheck // as the AWS CLI says it
		}
		return string(text), true, nil
	}
	return "", false, nil
}

// inputJSON sets the flags that an object of the API's members stands for.
func inputJSON(flags *pflag.FlagSet, text string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil || members == nil {
		return errors.New("Error parsing parameter 'cli-input-json': Invalid JSON received")
	}
	for member, value := range members {
		name := kebab(member)
		if !slices.Contains(operationFlags(), name) || flags.Lookup(name) == nil {
			return fmt.Errorf("Parameter validation failed:\nUnknown parameter in input: %q", member) //nolint:staticcheck // as the AWS CLI says it
		}
		if flags.Changed(name) {
			continue
		}
		var word string
		if json.Unmarshal(value, &word) != nil {
			word = string(value)
		}
		if err := flags.Set(name, word); err != nil {
			return err
		}
	}
	return nil
}

// kebab is the flag of a member: EndpointName is given by --endpoint-name.
func kebab(member string) string {
	var out strings.Builder
	for i, r := range member {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				out.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// pageFlags are the AWS CLI's for listings.
type pageFlags struct {
	most, results, size int
	from, next          string
	whole               bool
}

func (f *pageFlags) add(flags *pflag.FlagSet) {
	flags.IntVar(&f.most, "max-items", 0, "print at most `N`, and a NextToken where there are more")
	flags.StringVar(&f.from, "starting-token", "", "go on where the NextToken `TOKEN` was printed")
	flags.IntVar(&f.results, "max-results", 0, "the same as --max-items, at most `N`")
	flags.StringVar(&f.next, "next-token", "", "the same as --starting-token: a `TOKEN`")
	flags.IntVar(&f.size, "page-size", 0, "taken for the AWS CLI's sake: `N` for each call; what is printed is the same")
	flags.BoolVar(&f.whole, "no-paginate", false, "taken for the AWS CLI's sake: all pages are read")
}

// errToken is a token that no listing here has printed.
type errToken struct{ token string }

func (e *errToken) Error() string { return "Bad starting token: " + e.token }

// pageToken is where a listing goes on, as the AWS CLI writes it: so many of the first page were printed.
type pageToken struct {
	Next *string `json:"NextToken"`
	Skip int     `json:"boto_truncate_amount"`
}

// cut keeps what the flags ask for of a whole listing. more is the token for the rest, "" where there is none.
func (f *pageFlags) cut(flags *pflag.FlagSet, all []any) (page []any, more string, err error) {
	skip, token := 0, f.from
	if token == "" {
		token = f.next
	}
	if token != "" {
		var at pageToken
		text, decodeErr := base64.StdEncoding.DecodeString(token)
		if decodeErr != nil || json.Unmarshal(text, &at) != nil || at.Next != nil || at.Skip < 1 {
			return nil, "", &errToken{token}
		}
		skip = min(at.Skip, len(all))
	}
	page = all[skip:]
	for name, most := range map[string]int{"max-items": f.most, "max-results": f.results} {
		if flags.Changed(name) && most < len(page) {
			page = page[:max(most, 0)]
		}
	}
	if skip+len(page) == len(all) {
		return page, "", nil
	}
	text := fmt.Sprintf(`{"NextToken": null, "boto_truncate_amount": %d}`, skip+len(page)) // with the AWS CLI's blanks: its tokens are the same
	return page, base64.StdEncoding.EncodeToString([]byte(text)), nil
}

// printListing prints a listing, or a part of it.
func (g *glueRun) printListing(f *pageFlags, flags *pflag.FlagSet, member string, all []any) error {
	page, more, err := f.cut(flags, all)
	if err != nil {
		return err
	}
	document := procedure.Document{member: page}
	if more != "" && g.view.Format != "text" {
		document["NextToken"] = more
	}
	if err := g.print(document); err != nil || more == "" || g.view.Format != "text" {
		return err
	}
	return g.print(procedure.Document{"NextToken": procedure.Document{"NextToken": more}}) // in a line of its own, as there
}
