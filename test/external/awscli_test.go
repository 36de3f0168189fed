package external_test

import (
	"slices"
	"testing"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// TestAWSCLI drives the sandbox with the real AWS CLI.
func TestAWSCLI(t *testing.T) { //nolint:tparallel // the last subtest looks at what all others did
	t.Parallel()
	pool := startDrivers(t, 1)
	seen := &coverage{seen: map[string]bool{}}
	groups := []struct {
		name      string
		scenarios []scenario
	}{
		{"sts", stsScenarios()},
		{"glue", slices.Concat(endpointScenarios(), configurationScenarios(), glueTagScenarios())},
		{"transforms", transformScenarios()},
		{"dependents", dependentScenarios()},
		{"kms", kmsScenarios()},
		{"securityhub", securityHubScenarios()},
		{"iam", iamScenarios()},
		{"organizations", organizationScenarios()},
		{"ec2", ec2Scenarios()},
		{"s3", s3Scenarios()},
		{"logs", logsScenarios()},
		{"cloudtrail", cloudtrailScenarios()},
		{"cloudwatch", cloudwatchScenarios()},
		{"others", otherScenarios()},
	}
	t.Run("services", func(t *testing.T) {
		for _, group := range groups {
			t.Run(group.name, func(t *testing.T) {
				t.Parallel()
				for _, s := range group.scenarios {
					t.Run(s.name, func(t *testing.T) { s.play(t, pool, seen) })
				}
			})
		}
	})
	t.Run("every operation served is driven", func(t *testing.T) {
		for _, operation := range served(t) {
			// Every scenario has an organization from the start, so this one is only ever refused; "create another" sees to that.
			if operation != "organizations:CreateOrganization" && !seen.seen[operation] {
				t.Errorf("%s is served, but no command here was answered by it with success", operation)
			}
		}
	})
	t.Logf("%d operations driven with success", len(seen.seen)) // S3's on objects are among them, which have no facts
}

// served lists every operation that the sandbox serves, as "glue:GetDevEndpoints".
func served(t *testing.T) []string {
	t.Helper()
	index, err := model.Index()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, service := range index {
		facts, err := model.Load(service.Name)
		if err != nil {
			t.Fatal(err)
		}
		for name := range facts.Operations {
			all = append(all, service.Name+":"+name)
		}
	}
	slices.Sort(all)
	return all
}
