package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// fact is something about AWS that no public text settles, told so that "held" means what Glueguard's sandbox does.
type fact struct {
	id, text string
	how      string // it is tried
}

// outcome is what came of trying a fact.
type outcome struct{ result, note string }

const (
	held    = "held"
	notHeld = "did not hold"
	untried = "not tried"
)

// The facts.
const (
	endpointAfterEnd   = "endpoint-after-end-of-life"
	transformAfterEnd  = "transform-after-end-of-life"
	nodesAndWorkers    = "nodes-with-workers-refused"
	reuseTerminating   = "name-reuse-while-terminating"
	reuseGone          = "name-reuse-when-not-found"
	deleteTwice        = "delete-while-terminating"
	notFoundStays      = "not-found-stays"
	endpointTagsAtOnce = "endpoint-tags-at-once"
	readyKeepsCreation = "creation-time-of-the-answer"
	severalEntries     = "several-s3-entries"
	unknownKey         = "configuration-key-unchecked"
	aliasInConfig      = "configuration-takes-alias-arn"
	deleteReferenced   = "delete-referenced-by-endpoint"
	deleteReferencedML = "delete-referenced-by-transform"
	transformTags      = "transform-tags-at-once"
	keyByID            = "transform-key-by-id"
	keyByAlias         = "transform-key-by-alias-name"
	keyByAliasARN      = "transform-key-by-alias-arn"
	kmsWithoutKey      = "sse-kms-without-key"
	awsManagedKey      = "aws-managed-key"
	duplicateName      = "transform-names-unique"
	exportOneFile      = "export-is-one-file"
	exportReimports    = "export-reimports-unchanged"
	readyAfterImport   = "ready-after-import"
	usesRecorded       = "find-matches-runs-recorded"
	unsupportedText    = "unsupported-region-text"
	viaService         = "kms-via-service"
)

func facts() []fact {
	return []fact{
		{endpointAfterEnd, "CreateDevEndpoint still works for Glue 1.0, after its end of life", "CreateDevEndpoint"},
		{transformAfterEnd, "CreateMLTransform still works for Glue 1.0, after its end of life", "CreateMLTransform"},
		{nodesAndWorkers, "NumberOfNodes together with WorkerType is refused as invalid input", "CreateDevEndpoint with both"},
		{endpointTagsAtOnce, "tags given at CreateDevEndpoint show in GetTags at once", "GetTags right after the create"},
		{readyKeepsCreation, "GetDevEndpoint's creation time is the create's answer, to the fraction", "GetDevEndpoint right after the create"},
		{deleteReferenced, "DeleteSecurityConfiguration succeeds though an endpoint names it", "delete of one that an endpoint names"},
		{reuseTerminating, "a name can't be used again while its endpoint is TERMINATING", "CreateDevEndpoint right after the delete"},
		{deleteTwice, "deleting an endpoint that is TERMINATING succeeds", "DeleteDevEndpoint again"},
		{notFoundStays, "once GetDevEndpoint says EntityNotFound, it and the listing keep saying so", "ten reads of both"},
		{reuseGone, "a name can be used again once GetDevEndpoint says EntityNotFound", "the change's create-replacement"},
		{severalEntries, "a security configuration takes several S3 entries", "CreateSecurityConfiguration with two"},
		{unknownKey, "CreateSecurityConfiguration does not look whether the key exists", "create with the ARN of no key"},
		{aliasInConfig, "a security configuration takes an alias ARN", "create with the alias's ARN"},
		{deleteReferencedML, "DeleteSecurityConfiguration succeeds though a transform names it", "delete of one that a transform names"},
		{transformTags, "tags given at CreateMLTransform show in GetTags at once", "GetTags right after the create"},
		{keyByID, "MlUserDataEncryption takes a key id", "CreateMLTransform"},
		{keyByAlias, "MlUserDataEncryption takes an alias name", "CreateMLTransform"},
		{keyByAliasARN, "MlUserDataEncryption takes an alias ARN", "CreateMLTransform"},
		{kmsWithoutKey, "MlUserDataEncryption takes SSE-KMS without a key", "CreateMLTransform"},
		{awsManagedKey, "MlUserDataEncryption takes an AWS managed key", "CreateMLTransform with alias/aws/s3"},
		{duplicateName, "two transforms can't have one name", "CreateMLTransform of the same name"},
		{exportOneFile, "an export of labels is one CSV file below the prefix", "listing of the prefix"},
		{exportReimports, "exported labels import again unchanged, with the same label count", "import of the export, replacing all"},
		{readyAfterImport, "a transform becomes READY by itself after labels were imported", "GetMLTransform until READY"},
		{usesRecorded, "runs of FIND_MATCHES name the job for as long as the transform is there", "GetMLTaskRuns"},
		{unsupportedText, "regions without transforms answer \"Operation is not supported\"", "GetMLTransforms there"},
		{viaService, "Glue presents glue.<region>.amazonaws.com as kms:ViaService", "key policy with that condition"},
	}
}

// neverTried are the facts that this program has no safe or cheap way to try.
func neverTried() map[string]string {
	return map[string]string{
		awsManagedKey:   "asking for alias/aws/s3 may make that key where there is none",
		usesRecorded:    "it takes a job that uses a transform, and months",
		unsupportedText: "the run keeps to one region",
		viaService:      "it takes a key of its own whose policy may lock people out",
	}
}

func (l *live) note(id, result, format string, args ...any) {
	if _, told := l.outcomes[id]; !told {
		l.outcomes[id] = outcome{result, fmt.Sprintf(format, args...)}
	}
}

// expect notes a fact as held where yes is true.
func (l *live) expect(id string, yes bool, format string, args ...any) {
	result := notHeld
	if yes {
		result = held
	}
	l.note(id, result, format, args...)
}

// skip notes facts as not tried, unless they were.
func (l *live) skip(why string, ids ...string) {
	for _, id := range ids {
		l.note(id, untried, "%s", why)
	}
}

// table writes every fact with what came of it.
func (l *live) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "fact\thow it was tried\toutcome\twhat was seen")
	never := neverTried()
	for _, f := range facts() {
		o, ok := l.outcomes[f.id]
		if !ok {
			o = outcome{untried, never[f.id]}
			if o.note == "" {
				o.note = "the part that tries it was left out or did not come so far"
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.text, f.how, o.result, o.note)
	}
	return t.Flush()
}

// count is how many facts had an outcome.
func (l *live) count(result string) int {
	return len(slices.DeleteFunc(facts(), func(f fact) bool { return l.outcomes[f.id].result != result }))
}
