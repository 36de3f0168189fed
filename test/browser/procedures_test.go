package browser

import "testing"

// TestEndpointProcedure follows "Using AWS Console" of the procedure for development endpoints, sentence by sentence: to a
// key of the list, to a new key and to SSE-S3, each taken back by its backout plan.
func TestEndpointProcedure(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := &walk{page: newPage(t, s.url), list: "Development endpoints", name: "fail-no-security-configuration"}
	w.goThrough("Test Plan",
		step{"Sign in to the AWS Management Console.", w.signsIn},
		step{"Navigate to AWS Glue under Services.", w.findsGlue},
		step{"Go to Development Endpoints.", w.opensList},
		step{"Select the development endpoint you want to inspect.", w.selects},
		step{"Check the S3 Encryption settings under the Security Configuration section:", w.locatesSettings},
		step{"If encryption is not enabled, it will show None or no encryption configured.", w.seesNone},
	)
	kms := step{"Select SSE-KMS for more granular control, using a custom KMS key for encryption.", w.choosesSSEKMS}
	for _, way := range []struct {
		choose []step
		sees   func()
	}{
		{[]step{kms, {"If using SSE-KMS, select the KMS key from your KMS key list", w.choosesKey}}, w.seesKey},
		{[]step{kms, {"or create a new one.", w.createsKey}}, w.seesKey},
		{[]step{{"Select SSE-S3 for simple encryption using AWS-managed keys.", w.choosesSSES3}}, w.seesSSES3},
	} {
		w.goThrough("Implementation Steps",
			step{"In the AWS Glue Dashboard, go to Development Endpoints", w.opensList},
			step{"and select the endpoint to modify.", w.selects},
			step{"In the Security Configuration section, locate S3 Encryption settings.", w.locatesSettings},
			step{"Enable S3 encryption:", w.edits},
		)
		w.goThrough("Implementation Steps", way.choose...)
		w.goThrough("Implementation Steps",
			step{"Save the changes to enable S3 encryption for the development endpoint.", w.saves},
			step{"(Verify) If S3 encryption is enabled, it will show either SSE-S3 or SSE-KMS encryption settings.", func() { w.looksAgain(); way.sees() }},
		)
		w.goThrough("Backout Plan",
			step{"Identify the affected development endpoint.", w.selectsAgain},
			step{"To disable S3 encryption", w.backsOut},
			step{"Verify that S3 encryption has been disabled", func() { w.looksAgain(); w.seesNone() }},
		)
	}
}

// TestTransformProcedure follows the same of the procedure for ML transforms.
func TestTransformProcedure(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := &walk{page: newPage(t, s.url), list: "ML transforms", name: "fail-user-data-encryption-disabled"}
	w.goThrough("Test Plan",
		step{"Sign in to the AWS Management Console.", w.signsIn},
		step{"Navigate to AWS Glue under Services.", w.findsGlue},
		step{"Go to Machine Learning Transforms.", w.opensList},
		step{"Select the ML Transform you want to inspect.", w.selects},
		step{"In the Transform Details section, check the Encryption Settings:", w.locatesSettings},
		step{"If encryption is not enabled, it will either be set to None or not configured.", w.seesNone},
	)
	for _, way := range []struct {
		choose []step
		sees   func()
	}{
		{[]step{{"If using SSE-KMS,", w.choosesSSEKMS}, {"select", w.choosesKey}}, w.seesKey},
		{[]step{{"If using SSE-KMS,", w.choosesSSEKMS}, {"or create a KMS key for encryption.", w.createsKey}}, w.seesKey},
		{[]step{{"If using SSE-S3, ensure that the setting is configured to use the default AWS-managed keys.", w.choosesSSES3}}, w.seesSSES3},
	} {
		w.goThrough("Implementation Steps",
			step{"In the AWS Glue Dashboard, go to Machine Learning Transforms", w.opensList},
			step{"and select the ML Transform to modify.", w.selects},
			step{"In the Encryption Settings, ensure that Encryption at Rest is enabled.", w.edits},
		)
		w.goThrough("Implementation Steps", way.choose...)
		w.goThrough("Implementation Steps",
			step{"(labels that people have given are worth keeping)", w.exportsLabels},
			step{"Save the changes to apply encryption at rest.", w.saves},
			step{"(Verify) If Encryption at Rest is enabled, it will display the encryption mode (either SSE-S3 or SSE-KMS).", func() { w.looksAgain(); way.sees() }},
		)
		w.goThrough("Backout Plan",
			step{"Identify the affected ML Transform.", w.selectsAgain},
			step{"To disable encryption at rest", w.backsOut},
			step{"Verify that encryption at rest has been disabled", func() { w.looksAgain(); w.seesNone() }},
		)
	}
}

// exportsLabels says where the transform's labels go on their way to the new one.
func (w *walk) exportsLabels() {
	w.press("summary", "Strategy and more")
	w.fill("Where to export labels to", "s3://glue-labels-111111111111-"+region+"/walk/")
}
