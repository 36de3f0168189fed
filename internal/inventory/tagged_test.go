package inventory

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
)

// lateList answers the listing of tagged resources as AWS may: with what has been.
type lateList struct{ tagged string }

func (l lateList) Do(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetResources") {
		return http.DefaultClient.Do(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(l.tagged)),
		ContentLength: int64(len(l.tagged)),
	}, nil
}

func TestTaggedIsReadAgain(t *testing.T) {
	t.Parallel()
	entry := func(resource, key string) string {
		return `{"ResourceARN":"` + resource + `","Tags":[{"Key":"` + key + `","Value":"v"}]}`
	}
	glue := "arn:aws:glue:us-east-1:111111111111:"
	there, gone, lost := glue+"devEndpoint/fail-no-security-configuration", glue+"devEndpoint/gone", glue+"mlTransform/tfm-gone"
	kept := "arn:aws:kms:us-east-1:111111111111:key/1"
	list := lateList{`{"ResourceTagMappingList":[` + strings.Join([]string{
		entry(there, "row"), entry(gone, "row"), entry(lost, "row"), entry(kept, "row"), entry(kept+"2", "other"),
	}, ",") + `]}`}
	i, server := inspecting(t, func(o *awsapi.Options) { o.HTTPClient, o.Attempts = list, 1 })
	tagged := func(key string) (arns []string) {
		t.Helper()
		found, err := i.Tagged(t.Context(), here(), key)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			arns = append(arns, f.ARN)
		}
		return arns
	}
	if d := cmp.Diff([]string{there, kept}, tagged("row")); d != "" {
		t.Errorf("tagged (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{kept + "2"}, tagged("other")); d != "" {
		t.Errorf("with another tag (-want +got):\n%s", d)
	}
	control(t, server, "faults", `[{"operation":"glue:GetDevEndpoint","error":"AccessDeniedException"}]`)
	if d := cmp.Diff([]string{there, gone, kept}, tagged("row")); d != "" {
		t.Errorf("where endpoints can't be read (-want +got):\n%s", d)
	}
}
