package control

import (
	"cmp"
	"fmt"
)

// Remedy is what to do about an outcome. Outcomes with the same advice are settled in the same way.
type Remedy struct {
	Advice  string // one sentence, without what is particular to the resource; empty where nothing is to be done
	Command string // of the AWS CLI, for this very resource; empty where no one command helps
}

// RemedyOf says what to do about an outcome.
func RemedyOf(o Outcome) Remedy {
	if o.Status == Pass || o.Status == NotApplicable || o.Status == Unknown && o.Accepted() {
		return Remedy{}
	}
	if o.Control == KeyManagement {
		return keyRemedy(o)
	}
	switch o.Reason {
	case ListingFailed:
		return Remedy{Advice: "Allow the audit's role the call that failed and audit again, or accept it as unread in glueguard.yaml (accepted_unread)."}
	case ConfigurationUnread:
		return Remedy{Advice: "See why it could not be read; where it was denied, allow the audit's role glue:GetSecurityConfiguration. Then audit again."}
	case ModeUnrecognised:
		return Remedy{Advice: "Update glueguard: AWS has added an encryption mode (aws glue get-security-configuration shows it)."}
	case Reason(keyUnusable):
		return Remedy{Advice: "Make the key usable (see its own finding), or replace the resource with one that uses another key (glueguard plan --resource NAME --mode SSE-KMS --kms-key KEY)."}
	case Reason(keyUnverified):
		return Remedy{Advice: "See why the key could not be read; where it was denied, allow the audit's role kms:DescribeKey on it. Then audit again."}
	}
	return Remedy{Advice: replacement(o)}
}

// replacement says how to repair what AWS fixes at creation.
func replacement(o Outcome) string {
	switch {
	case o.AwaitsFinalize():
		return "It has been replaced already, and is kept as the way back: retire it (glueguard finalize CHANGE), or undo the change (glueguard backout CHANGE)."
	case stackOwned(o):
		return "Change the template of the CloudFormation stack that owns it; AWS can't change the encryption in place, so the resource is replaced."
	case o.Control == MLTransform && o.Reason == ConfigurationMissing:
		return "Replace the transform with one that has SSE-KMS user-data encryption (glueguard plan --resource NAME --mode SSE-KMS --create-key); its task runs' configuration is gone, and AWS can't change either in place."
	case o.Control == MLTransform:
		return "Replace the transform with one that has SSE-KMS user-data encryption and the same labels (glueguard plan --resource NAME --mode SSE-KMS --create-key --labels-s3 s3://BUCKET/PREFIX): AWS can't change it in place."
	case o.Control == DevEndpointLogs:
		return "Replace the endpoint with one that encrypts its logs with SSE-KMS, as it does S3 (glueguard plan --resource NAME --mode SSE-KMS --create-key): AWS can't change it in place."
	case o.Reason == BelowRequiredMode:
		return "Replace the endpoint with one that encrypts S3 with SSE-KMS under a customer-managed key (glueguard plan --resource NAME --mode SSE-KMS --create-key, or --kms-key KEY): AWS can't change it in place."
	}
	return "Replace the endpoint with one that encrypts S3 (glueguard plan --resource NAME --mode SSE-S3, or SSE-KMS with --create-key or --kms-key KEY): AWS can't change it in place."
}

func stackOwned(o Outcome) bool {
	_, owned := o.Resource.Tags["aws:cloudformation:stack-name"]
	return owned
}

func keyRemedy(o Outcome) Remedy {
	key := fmt.Sprintf("--key-id %s --region %s", cmp.Or(o.Resource.ID, "KEY"), cmp.Or(o.Resource.Region, "REGION"))
	describe := "aws kms describe-key " + key
	switch o.Reason {
	case KeyMissing:
		return Remedy{Advice: "Replace what names the key (glueguard plan --resource NAME --mode SSE-KMS --create-key): a deleted key can't be brought back."}
	case KeyPendingDeletion:
		return Remedy{"Cancel the key's deletion and enable it again.", fmt.Sprintf("aws kms cancel-key-deletion %s && aws kms enable-key %s", key, key)}
	case KeyDisabled:
		return Remedy{"Enable the key.", "aws kms enable-key " + key}
	case KeyUnavailable:
		return Remedy{"Import the key's material again, or connect its key store. Its state:", describe}
	case KeyUsageUnfit, KeySpecUnfit:
		return Remedy{Advice: "Use another key: replace what names this one (glueguard plan --resource NAME --mode SSE-KMS --create-key)."}
	case KeyRegionMismatch:
		return Remedy{Advice: "Use a key of the same region as what it encrypts: replace what names this one (glueguard plan --resource NAME --mode SSE-KMS --create-key)."}
	case KeyPolicyWildcard, KeyPolicyOutside:
		return Remedy{
			"Take the statement out of the key's policy, or narrow it, and write it back with aws kms put-key-policy. The policy:",
			"aws kms get-key-policy " + key + " --policy-name default --query Policy --output text",
		}
	case KeyNotAllowed:
		return Remedy{Advice: "Use a key that the policy allows, or allow this one in glueguard.yaml (keys)."}
	case KeyRotationOff:
		return Remedy{"Turn the key's rotation on (of a multi-Region key: on its primary).", "aws kms enable-key-rotation " + key}
	}
	return unreadKeyRemedy(o.Reason, describe)
}

func unreadKeyRemedy(reason Reason, describe string) Remedy {
	switch reason {
	case KeyPolicyUnreadable:
		return Remedy{Advice: "See why the key policy could not be read; where it was denied, allow the audit's role kms:GetKeyPolicy, in the key's own account. Then audit again."}
	case KeyRotationUnread:
		return Remedy{Advice: "See why the rotation could not be read; where it was denied, allow the audit's role kms:GetKeyRotationStatus on the key. Then audit again."}
	case KeyStateUnrecognised:
		return Remedy{"Audit again once the key's state has settled. Its state:", describe}
	}
	return Remedy{Advice: "See why the key could not be read; where it was denied, allow the audit's role kms:DescribeKey on it, or audit the key's account too. Then audit again."}
}
