package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/resource"
)

const (
	maxName     = 255 // of dev endpoints and transforms
	twinMark    = "-gg-"
	besideMark  = "-twin-"
	retiredMark = "-old"
)

// TwinName is the temporary name of a resource's twin: the original's, cut to fit, and a suffix that only this very
// resource gives, so that the twin of another of the same name is not taken for its own.
func TwinName(id resource.Identity) string {
	return cut(id.Name, maxName-len(twinMark)-8) + twinMark + identityDigest(id)
}

// SideBySideName is the name of a twin that stays beside the original until finalize, and keeps it. It differs from
// TwinName's, so that a change whose store was lost can be told by it.
func SideBySideName(id resource.Identity) string {
	return cut(id.Name, maxName-len(besideMark)-8) + besideMark + identityDigest(id)
}

// IsSideBySideName tells whether SideBySideName gives such names.
func IsSideBySideName(name string) bool {
	at := strings.LastIndex(name, besideMark)
	if at < 0 {
		return false
	}
	digest := name[at+len(besideMark):]
	_, err := hex.DecodeString(digest)
	return err == nil && len(digest) == 8
}

// twinName is the name of the twin under a strategy.
func twinName(s Strategy, id resource.Identity) string {
	if s == SideBySide {
		return SideBySideName(id)
	}
	return TwinName(id)
}

// RetiredName is the temporary name that a transform gets when another takes its name over.
func RetiredName(id resource.Identity) string {
	return cut(id.Name, maxName-len(twinMark)-8-len(retiredMark)) + twinMark + identityDigest(id) + retiredMark
}

func identityDigest(id resource.Identity) string {
	sum := sha256.Sum256([]byte(id.ARN + "\n" + id.CreatedAt.UTC().Format(time.RFC3339Nano)))
	return hex.EncodeToString(sum[:4])
}

// cut shortens a name to at most n bytes without cutting a letter in two.
func cut(name string, n int) string {
	if len(name) <= n {
		return name
	}
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// ConfigurationName is the name of a security configuration of Glueguard's: it carries a digest of the content, so that
// equal needs share one. It is ConfigurationPlaceholder while a key in it is not known yet.
func ConfigurationName(c resource.SecurityConfiguration) string {
	content := canonical(c)
	for _, ref := range content.KeyRefs() {
		if strings.Contains(ref, KeyPlaceholder) {
			return ConfigurationPlaceholder
		}
	}
	text, err := json.Marshal(content)
	if err != nil {
		panic("plan: a struct of strings can't be marshalled: " + err.Error()) // impossible: no cycles, no floats
	}
	sum := sha256.Sum256(text)
	return "glueguard-" + hex.EncodeToString(sum[:8])
}

// SameConfiguration tells whether two security configurations have the same content, whatever they are called: an
// absent block and one that is DISABLED say the same.
func SameConfiguration(a, b resource.SecurityConfiguration) bool {
	return ConfigurationName(a) == ConfigurationName(b)
}

// canonical is what a configuration says, without its name and age and without blocks that say nothing.
func canonical(c resource.SecurityConfiguration) resource.SecurityConfiguration {
	said := resource.SecurityConfiguration{S3: []resource.Encryption{}}
	for _, e := range c.S3 {
		if b := block(&e); b != nil {
			said.S3 = append(said.S3, *b)
		} else {
			said.S3 = append(said.S3, resource.Encryption{Mode: resource.ModeDisabled})
		}
	}
	if len(said.S3) == 1 && said.S3[0].Mode == resource.ModeDisabled {
		said.S3 = said.S3[:0]
	}
	said.CloudWatch, said.JobBookmarks, said.DataQuality = block(c.CloudWatch), block(c.JobBookmarks), block(c.DataQuality)
	return said
}

// block is a block as it is sent: nil where it is off, and no key where the mode takes none.
func block(e *resource.Encryption) *resource.Encryption {
	switch {
	case e == nil, e.Mode == "", e.Mode == resource.ModeDisabled, e.Mode == resource.ModeNone:
		return nil
	case e.Mode == resource.ModeSSES3:
		return &resource.Encryption{Mode: e.Mode}
	}
	kept := *e
	return &kept
}
