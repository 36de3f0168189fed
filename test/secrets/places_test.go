package secrets

import "slices"

// place is somewhere that a secret may come to light.
type place string

const (
	// screen is what commands print on standard output and standard error, but for the two that follow.
	screen place = "screen"
	// answers is what the procedures' commands print: AWS's own members, as the AWS CLI prints them.
	answers place = "answers of glueguard glue"
	// reports are reports of audits, in every format.
	reports place = "reports"
	// plans are plan files. They make a resource again, so they hold its definition.
	plans place = "plan files"
	// state is the state file: definitions to go back to, and plans.
	state place = "the state"
	// bundles are what is handed to others as evidence.
	bundles place = "evidence"
	// facts are what the state keeps of an audit's reading.
	facts place = "kept facts"
	// keyFile is the file of the key that evidence is signed with.
	keyFile place = "the signing key's file"
)

// planted is one kind of secret, and all the places where it may be.
type planted struct {
	what    string
	allowed []place
}

func (p planted) may(be place) bool { return slices.Contains(p.allowed, be) }

// kinds is the whole table. What is in a definition must be in the state and in plans, or no resource could be made
// again; beyond that only what cannot be told from an ordinary word may be shown, and only where it is asked for.
func kinds() map[string]planted {
	definition := []place{plans, state}
	shown := append([]place{answers}, definition...)
	return map[string]planted{
		// The contract of reports has tags in it; they are how people find their resources.
		"tag":      {"a tag's value", append([]place{screen, reports, facts}, definition...)},
		"tagkey":   {"a tag's key that looks like a secret", definition},
		"tagname":  {"a tag's value under a name that says secret", definition},
		"tagshape": {"a tag's value that looks like a secret", definition},

		// AWS answers GetDevEndpoint with arguments and GetMLTransform with its tables, and so do the procedures' commands.
		"argument": {"an argument's value", shown},
		"conf":     {"a value in a --conf", shown},
		"jdbc":     {"a connection string in an argument", shown},
		"option":   {"a table's option", shown},

		// A description is written to be read; what looks like a secret in it is left out of what is handed to others.
		"description":      {"a description", append([]place{bundles}, shown...)},
		"descriptionshape": {"a description that looks like a secret", shown},

		// Of a job only the argument that names a transform is ever changed, so nothing else of it is kept.
		"job":    {"a job's argument", nil},
		"jobenv": {"a job's environment", nil},
		"jobown": {"an argument of a job's own", nil},

		"script": {"a job script's text", nil},
		"label":  {"a label file's text", nil},

		"accesskey": {"the secret access key of the environment", nil},
		"session":   {"the session token of the environment", nil},
		"signing":   {"the private key that evidence is signed with", []place{keyFile}},
	}
}
