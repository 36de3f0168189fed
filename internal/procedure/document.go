// Package procedure builds what the operating procedures expect of AWS from what AWS really tells: documents that show
// the encryption in force where a procedure looks for it, and requests for another, as a procedure writes them.
//
// It is pure: documents are maps as AWS's JSON gives them.
package procedure

import (
	"maps"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Document is a JSON object of AWS's, by its members' own names.
type Document = map[string]any

// Configurations are the security configurations that resources name. One that is missing here was never read.
type Configurations map[string]resource.Fact[resource.SecurityConfiguration]

// Unknown is the mode of a resource whose security configuration could not be read: nobody may take it for NONE.
const Unknown resource.Mode = "UNKNOWN"

// None is how the procedure on ML transforms writes that there is no encryption.
const None = "None"

// Encryption is what a resource is encrypted with.
type Encryption struct {
	Mode          resource.Mode // NONE, SSE-S3, SSE-KMS, Unknown, or one that this release does not know
	KMSKey        string        // as written at AWS
	Configuration string        // the security configuration that it names
	Logs          resource.Mode // of a dev endpoint: NONE, SSE-KMS, Unknown
	TaskRuns      resource.Mode // of an ML transform, what its task runs write; NONE where it names no configuration
}

// EndpointEncryption is what a dev endpoint's document and the configuration that it names come to.
func EndpointEncryption(members Document, read Configurations) Encryption {
	name, _ := members["SecurityConfiguration"].(string)
	s3, logs := configured(name, read)
	return Encryption{Mode: s3.Mode, KMSKey: s3.KMSKey, Configuration: name, Logs: logs}
}

// TransformEncryption is what an ML transform's document and the configuration that it names come to: its user data's
// encryption, else that of its task runs, as the audit judges it.
func TransformEncryption(members Document, read Configurations) Encryption {
	block, _ := members["TransformEncryption"].(Document)
	name, _ := block["TaskRunSecurityConfigurationName"].(string)
	runs, _ := configured(name, read)
	e := Encryption{Mode: runs.Mode, KMSKey: runs.KMSKey, Configuration: name, TaskRuns: runs.Mode}
	userData, _ := block["MlUserDataEncryption"].(Document)
	switch mode, _ := userData["MlUserDataEncryptionMode"].(string); resource.Mode(mode) {
	case "", resource.ModeDisabled, resource.ModeNone:
	default:
		e.Mode = resource.Mode(mode)
		e.KMSKey, _ = userData["KmsKeyId"].(string)
	}
	return e
}

// configured is what a configuration of that name encrypts. One that does not exist encrypts nothing.
func configured(name string, read Configurations) (s3 resource.Encryption, logs resource.Mode) {
	none := resource.Encryption{Mode: resource.ModeNone}
	fact := read[name]
	switch {
	case name == "" || fact.IsAbsent():
		return none, resource.ModeNone
	case fact.IsUnknown():
		return resource.Encryption{Mode: Unknown}, Unknown
	}
	c, _ := fact.Value()
	logs = resource.ModeNone
	if c.CloudWatch != nil && c.CloudWatch.Mode != "" && c.CloudWatch.Mode != resource.ModeDisabled {
		logs = c.CloudWatch.Mode
	}
	return plan.InForce(c.S3), logs
}

// Endpoint is a dev endpoint's document as its procedure reads it: SecurityConfiguration is the S3 mode in force, and
// SecurityConfigurationName what AWS shows under that name.
func Endpoint(members Document, e Encryption) Document {
	d := maps.Clone(members)
	d["SecurityConfiguration"] = string(e.Mode)
	d["S3EncryptionMode"] = string(e.Mode)
	d["LogEncryptionMode"] = string(e.Logs)
	put(d, "SecurityConfigurationName", e.Configuration)
	put(d, "KmsKeyId", e.KMSKey)
	return d
}

// Successor says that a transform was asked for by the id of one that it has replaced.
type Successor struct {
	Original    string // the id asked for
	StillExists bool
	Jobs        []string // that still use the original; nil: none, or it is not known
}

// Transform is an ML transform's document as its procedure reads it: AWS's members, and beside them Transform, which
// holds the encryption mode. s is nil where the transform was asked for by its own id.
func Transform(members Document, e Encryption, s *Successor) Document {
	inner := Document{
		"EncryptionMode": TransformMode(e.Mode), "TaskRunEncryptionMode": TransformMode(e.TaskRuns),
	}
	for _, name := range []string{"TransformId", "Name", "Status"} {
		if v, ok := members[name]; ok {
			inner[name] = v
		}
	}
	put(inner, "KmsKeyId", e.KMSKey)
	put(inner, "TaskRunSecurityConfigurationName", e.Configuration)
	d := maps.Clone(members)
	if s != nil {
		for _, into := range []Document{inner, d} {
			into["OriginalTransformId"], into["OriginalStillExists"], into["JobsUsingOriginal"] = s.Original, s.StillExists, list(s.Jobs)
		}
	}
	d["Transform"] = inner
	return d
}

// ListedTransform is an ML transform's document within a listing.
func ListedTransform(members Document, e Encryption) Document {
	d := maps.Clone(members)
	d["EncryptionMode"], d["TaskRunEncryptionMode"] = TransformMode(e.Mode), TransformMode(e.TaskRuns)
	put(d, "KmsKeyId", e.KMSKey)
	return d
}

// TransformMode is a mode as the procedure on ML transforms writes it.
func TransformMode(m resource.Mode) string {
	if m == resource.ModeNone {
		return None
	}
	return string(m)
}

func put(d Document, name, value string) {
	if value != "" {
		d[name] = value
	}
}

func list(all []string) []any {
	l := make([]any, 0, len(all))
	for _, s := range all {
		l = append(l, s)
	}
	return l
}
