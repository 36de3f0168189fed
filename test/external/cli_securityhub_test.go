package external_test

import "strings"

// hubFinding is a finding as the CLI takes it, with an id and a state of the record.
func hubFinding(id, updated, state, compliance string) string {
	return strings.NewReplacer("ID", id, "UPDATED", updated, "STATE", state, "COMPLIANCE", compliance).Replace(
		`{"SchemaVersion":"2018-10-08","Id":"ID","ProductArn":"arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default",` +
			`"GeneratorId":"glueguard/test","AwsAccountId":"111122223333","Types":["Software and Configuration Checks"],` +
			`"CreatedAt":"2026-11-01T08:00:00.000Z","UpdatedAt":"UPDATED","Title":"t","Description":"d","RecordState":"STATE",` +
			`"FindingProviderFields":{"Severity":{"Label":"HIGH"},"Types":["Software and Configuration Checks"]},` +
			`"Resources":[{"Type":"Other","Id":"r-ID","Tags":{"team":"data"},"Details":{"Other":{"Name":"x"}}}],` +
			`"Compliance":{"Status":"COMPLIANCE","StatusReasons":[{"ReasonCode":"X","Description":"y"}]}}`)
}

func securityHubScenarios() []scenario {
	const early, late = "2026-11-02T08:00:00.000Z", "2026-11-03T08:00:00.000Z"
	list := func(findings ...string) string {
		return "securityhub batch-import-findings --findings '[" + strings.Join(findings, ",") + "]'"
	}
	one := func(id string) string {
		return `securityhub get-findings --filters '{"Id":[{"Value":"` + id + `","Comparison":"EQUALS"}]}'`
	}
	return []scenario{{name: "findings", steps: []step{
		{name: "not enabled", run: list(hubFinding("a", early, "ACTIVE", "FAILED")), refused: "InvalidAccessException"},
		{name: "nothing to describe", run: "securityhub describe-hub", refused: "InvalidAccessException"},
		{name: "nothing to find", run: "securityhub get-findings", refused: "InvalidAccessException"},
		{name: "nothing to disable", run: "securityhub disable-security-hub", refused: "InvalidAccessException"},
		{name: "enable", run: "securityhub enable-security-hub --no-enable-default-standards"},
		{name: "twice", run: "securityhub enable-security-hub", refused: "ResourceConflictException"},
		{name: "describe", run: "securityhub describe-hub", want: want{
			"HubArn": "arn:aws:securityhub:eu-central-1:111122223333:hub/default", "SubscribedAt": filled,
		}},
		{name: "not in another region", in: "us-east-1", run: "securityhub describe-hub", refused: "InvalidAccessException"},
		{name: "import", run: list(hubFinding("a", early, "ACTIVE", "FAILED"), hubFinding("b", early, "ACTIVE", "PASSED")), want: want{
			"SuccessCount": 2, "FailedCount": 0, "FailedFindings": size(0),
		}},
		{name: "as it is", run: one("a"), want: want{
			"Findings": size(1), "Findings.0.Workflow.Status": "NEW", "Findings.0.Severity.Label": "HIGH", "Findings.0.Severity.Normalized": 70,
			"Findings.0.Region": "eu-central-1", "Findings.0.Resources.0.Tags.team": "data", "Findings.0.Compliance.Status": "FAILED",
		}},
		{name: "an update that is not newer", run: list(hubFinding("a", early, "ARCHIVED", "PASSED")), want: want{"SuccessCount": 1}},
		{name: "is ignored", run: one("a"), want: want{"Findings.0.RecordState": "ACTIVE"}},
		{name: "a newer one", run: list(hubFinding("a", late, "ARCHIVED", "PASSED")), want: want{"SuccessCount": 1}},
		{name: "is taken", run: one("a"), want: want{"Findings.0.RecordState": "ARCHIVED", "Findings.0.Compliance.Status": "PASSED"}},
		{
			name: "those that are active", want: want{"Findings": size(1), "Findings.0.Id": "b"},
			run: `securityhub get-findings --filters '{"RecordState":[{"Value":"ACTIVE","Comparison":"EQUALS"}],"GeneratorId":[{"Value":"glueguard/","Comparison":"PREFIX"}]}'`,
		},
		{name: "pages", run: "securityhub get-findings --page-size 1", calls: 2, want: want{"Findings": size(2), "NextToken": absent}},
		{
			name: "another region's", want: want{"SuccessCount": 0, "FailedCount": 1, "FailedFindings.0.Id": "c", "FailedFindings.0.ErrorCode": "InvalidInput"},
			run: strings.Replace(list(hubFinding("c", early, "ACTIVE", "FAILED")), "securityhub:eu-central-1", "securityhub:us-east-1", 1),
		},
		{
			name: "against the format", want: want{"FailedFindings.0.ErrorMessage": like("Finding does not adhere to Amazon Finding Format. data.SchemaVersion")},
			run: strings.Replace(list(hubFinding("c", early, "ACTIVE", "FAILED")), "2018-10-08", "2018", 1),
		},
		{name: "a state that there is not", run: list(hubFinding("c", early, "GONE", "FAILED")), refused: "InvalidInputException"},
		{name: "disable", run: "securityhub disable-security-hub"},
		{name: "is off", run: "securityhub describe-hub", refused: "InvalidAccessException"},
	}}}
}
