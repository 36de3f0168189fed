package control

import (
	"cmp"
	"fmt"
)

// NextStep says in one line what to do about an outcome: a sentence, or a command of the AWS CLI with its purpose. It is
// empty where nothing is to be done.
func NextStep(o Outcome) string {
	if o.Status == Pass || o.Status == NotApplicable {
		return ""
	}
	if o.Control == KeyManagement {
		return keyStep(o)
	}
	switch o.Reason {
	case ListingFailed:
		return "Allow the audit's role the call that failed and audit again, or accept it as unread in glueguard.yaml (accepted_unread)."
	case ConfigurationUnread:
		return "Allow the audit's role glue:GetSecurityConfiguration and audit again."
	case ModeUnrecognised:
		return "Look at it with aws glue get-security-configuration, and update glueguard: AWS has added a mode."
	case Reason(keyUnusable):
		return "Make the key usable (see its own finding), or replace the resource with one that uses another key."
	case Reason(keyUnverified):
		return "Allow the audit's role kms:DescribeKey on the key and audit again."
	}
	return replaceStep(o)
}

// replaceStep says how to repair what AWS fixes at creation.
func replaceStep(o Outcome) string {
	switch {
	case stackOwned(o):
		return "Change the template of the CloudFormation stack that owns it; AWS can't change the encryption in place, so the resource is replaced."
	case o.Control == MLTransform && o.Reason == ConfigurationMissing:
		return "Replace the transform with one that has SSE-KMS user-data encryption; its task runs' configuration is gone, and AWS can't change either in place."
	case o.Control == MLTransform:
		return "Replace the transform with one that has SSE-KMS user-data encryption, and teach it the exported labels: AWS can't change the encryption in place."
	case o.Control == DevEndpointLogs:
		return "Replace the endpoint with one whose security configuration has SSE-KMS log encryption: AWS can't change it in place."
	case o.Reason == BelowRequiredMode:
		return "Replace the endpoint with one whose security configuration has SSE-KMS under a customer-managed key: AWS can't change it in place."
	}
	return "Replace the endpoint with one whose security configuration encrypts S3: AWS can't change it in place."
}

func stackOwned(o Outcome) bool {
	_, owned := o.Resource.Tags["aws:cloudformation:stack-name"]
	return owned
}

func keyStep(o Outcome) string {
	key := fmt.Sprintf("--key-id %s --region %s", cmp.Or(o.Resource.ID, "KEY"), cmp.Or(o.Resource.Region, "REGION"))
	switch o.Reason {
	case KeyMissing:
		return "Replace what names it: a deleted key can't be brought back. Make a new one with aws kms create-key first."
	case KeyPendingDeletion:
		return fmt.Sprintf("aws kms cancel-key-deletion %s, then aws kms enable-key %s", key, key)
	case KeyDisabled:
		return "aws kms enable-key " + key
	case KeyUnavailable:
		return fmt.Sprintf("aws kms describe-key %s: import its material again, or connect its key store", key)
	case KeyUsageUnfit, KeySpecUnfit:
		return "Use another key: make one with aws kms create-key, whose defaults fit, and replace what names this one."
	case KeyRegionMismatch:
		return "Use a key of the same region as what it encrypts, and replace what names this one."
	case KeyPolicyWildcard, KeyPolicyOutside:
		return fmt.Sprintf("Take the statement out of the policy, or narrow it: aws kms get-key-policy %s --policy-name default --query Policy --output text, then aws kms put-key-policy", key)
	case KeyNotAllowed:
		return "Use a key that the policy allows, or allow this one in glueguard.yaml (keys)."
	case KeyRotationOff:
		return "aws kms enable-key-rotation " + key + " (of a multi-Region key: on its primary)"
	case KeyPolicyUnreadable:
		return "Allow the audit's role kms:GetKeyPolicy on the key, in the key's own account, and audit again."
	case KeyRotationUnread:
		return "Allow the audit's role kms:GetKeyRotationStatus on the key and audit again."
	case KeyStateUnrecognised:
		return "Audit again once the key's state has settled: aws kms describe-key " + key
	}
	return "Allow the audit's role kms:DescribeKey on the key, or audit the key's account too, and audit again."
}
