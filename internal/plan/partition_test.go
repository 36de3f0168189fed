package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestPartitions wants every ARN that a plan writes to be of the resource's own partition.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for partition, region := range map[string]string{"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
		move := func(arn string) string {
			return strings.ReplaceAll(strings.Replace(arn, "arn:aws:", "arn:"+partition+":", 1), "eu-west-1", region)
		}
		place := func(s resource.Surroundings) resource.Surroundings {
			s.Location.Partition, s.Location.Region = partition, region
			s.WantedKey = key(move(keyARN), "alias/data")
			s.Role = resource.Known(resource.Role{ARN: move(roleARN)})
			return s
		}
		dev := place(endpoint(func(d *resource.EndpointDetail) {
			d.ARN, d.Definition.RoleARN = move(d.ARN), move(d.Definition.RoleARN)
		}))
		fresh := dev
		fresh.WantedKey = noKey()
		tfm := place(transform(func(d *resource.TransformDetail) {
			d.ARN, d.Definition.RoleARN = move(d.ARN), move(d.Definition.RoleARN)
		}))
		tfm.Dependents = resource.Known(jobs())
		kms := func(w *plan.Wanted) { w.Key, w.Logs, w.Grant = move(keyARN), true, &plan.Grant{} }
		for name, item := range map[string]plan.Item{
			"endpoint":     plan.Propose(wants("SSE-KMS", kms), dev),
			"with new key": plan.Propose(wants("SSE-KMS", creating), fresh),
			"side by side": plan.Propose(wants("SSE-S3", strategy(plan.SideBySide)), dev),
			"retire":       plan.Propose(wants("", strategy(plan.Retire)), dev),
			"transform": plan.Propose(wants("SSE-KMS", kms, func(w *plan.Wanted) {
				w.LabelsS3, w.RepointJobs = labels, true
			}), tfm),
		} {
			if item.Blocked != nil {
				t.Errorf("%s, %s: %+v", partition, name, item.Blocked)
			}
			text, err := json.Marshal(item)
			if err != nil {
				t.Fatal(err)
			}
			if at := strings.Index(string(text), "arn:aws:"); at >= 0 {
				t.Errorf("%s, %s: %s", partition, name, text[max(0, at-80):min(len(text), at+80)])
			}
		}
	}
}
