package plan

import (
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// inForce is what a list of S3 entries encrypts with: its weakest entry, as the audit judges it. The mode is NONE where
// anything is off, and one that is not recognised is returned as it is.
func inForce(entries []resource.Encryption) resource.Encryption {
	if len(entries) == 0 {
		return resource.Encryption{Mode: resource.ModeNone}
	}
	weakest := entries[0]
	for _, e := range entries[1:] {
		a, b := strength(e.Mode), strength(weakest.Mode)
		// Equal ones are settled by text, so that the order of the entries is no matter.
		if a < b || a == b && string(e.Mode)+":"+e.KMSKey < string(weakest.Mode)+":"+weakest.KMSKey {
			weakest = e
		}
	}
	switch strength(weakest.Mode) {
	case off:
		return resource.Encryption{Mode: resource.ModeNone}
	case byS3:
		return resource.Encryption{Mode: resource.ModeSSES3}
	}
	return weakest
}

// The strengths of modes, weakest first. What is not recognised stands just above none, so that it is never taken for
// something stronger than it may be.
const (
	off = iota
	unrecognised
	byS3
	byKMS
)

func strength(m resource.Mode) int {
	switch m {
	case "", resource.ModeDisabled, resource.ModeNone:
		return off
	case resource.ModeSSES3:
		return byS3
	case resource.ModeSSEKMS:
		return byKMS
	}
	return unrecognised
}

// logMode is the mode of a configuration's log encryption, empty where there is none.
func logMode(c *resource.SecurityConfiguration) resource.Mode {
	if c == nil {
		return ""
	}
	if b := block(c.CloudWatch); b != nil {
		return b.Mode
	}
	return ""
}

// userDataMode is NONE or SSE-KMS, or a mode that is not recognised.
func userDataMode(d resource.TransformDefinition) resource.Mode {
	if b := block(d.UserData); b != nil {
		return b.Mode
	}
	return resource.ModeNone
}

// taskRunMode is what a transform's task runs are encrypted with: empty where it names no configuration for them.
func taskRunMode(d resource.TransformDefinition, c *resource.SecurityConfiguration) resource.Mode {
	switch {
	case d.TaskRunSecurityConfiguration == "":
		return ""
	case c == nil:
		return resource.ModeNone
	}
	return inForce(c.S3).Mode
}

// based is a new configuration that keeps the other parts of an old one (nil: there is none) and has just one S3 entry.
func based(old *resource.SecurityConfiguration, s3 resource.Encryption) resource.SecurityConfiguration {
	made := resource.SecurityConfiguration{S3: []resource.Encryption{s3}}
	if old != nil {
		made.CloudWatch, made.JobBookmarks, made.DataQuality = block(old.CloudWatch), block(old.JobBookmarks), block(old.DataQuality)
	}
	return made
}

// says tells whether a configuration encrypts anything at all.
func says(c resource.SecurityConfiguration) bool {
	said := canonical(c)
	return len(said.S3) > 0 || said.CloudWatch != nil || said.JobBookmarks != nil || said.DataQuality != nil
}

// sameKey tells whether a key as written in AWS's answer is the wanted one (its ARN), as far as can be told. No wanted
// key is satisfied by any.
func sameKey(written, wanted string, known resource.KeyDetail) bool {
	switch {
	case wanted == "", written == wanted:
		return true
	case wanted == KeyPlaceholder, written == "", known.Key.ARN.String() != wanted:
		return false
	}
	return written == known.Key.ID || written == known.Ref || strings.HasSuffix(written, ":"+known.Ref) && strings.HasPrefix(known.Ref, "alias/")
}
