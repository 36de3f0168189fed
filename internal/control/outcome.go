// Package control is the catalogue of what must hold, one pure function per control: the facts of a location and the
// policy in, outcomes out.
package control

import (
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// ID names a control.
type ID string

// The controls.
const (
	DevEndpointS3   ID = "glue-dev-endpoint-s3-encryption"
	DevEndpointLogs ID = "glue-dev-endpoint-log-encryption"
	MLTransform     ID = "glue-ml-transform-encryption-at-rest"
	KeyManagement   ID = "glue-encryption-key-management"
)

// Status is the verdict on one resource.
type Status string

// The statuses. Exempt is never a control's verdict: a finding gets it from an exception that covers a failing outcome.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Unknown       Status = "unknown"
	Exempt        Status = "exempt"
	NotApplicable Status = "not_applicable"
)

// Severity is how bad a failing outcome is.
type Severity string

// The severities.
const (
	Low    Severity = "low"
	Medium Severity = "medium"
	High   Severity = "high"
)

// Reason is the stable code of why an outcome is what it is, e.g. "no-security-configuration".
type Reason string

// Advisory is something worth knowing that never changes a status.
type Advisory struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// AcceptedUnread is the code of the advisory on an unknown outcome that rests on nothing but reads that the policy
// accepts as always denied. Such an outcome stays unknown and is shown, but an audit is not incomplete for it.
const AcceptedUnread = "accepted-unread"

// Accepted tells whether the outcome has that advisory.
func (o Outcome) Accepted() bool { return o.advised(AcceptedUnread) }

// AwaitingFinalize is the code of the advisory on an original that a change has replaced and keeps as its way back.
const AwaitingFinalize = "awaiting-finalize"

// AwaitsFinalize tells whether the outcome has that advisory.
func (o Outcome) AwaitsFinalize() bool { return o.advised(AwaitingFinalize) }

func (o Outcome) advised(code string) bool {
	return slices.ContainsFunc(o.Advisories, func(a Advisory) bool { return a.Code == code })
}

// Encryption is the encryption in force, in the words that users are shown: the weakest entry where there are several.
type Encryption struct {
	Mode                  resource.Mode `json:"mode"` // NONE, SSE-S3, SSE-KMS; empty when it could not be read
	KMSKey                string        `json:"kms_key"`
	SecurityConfiguration string        `json:"security_configuration"`
}

// Outcome is one control's verdict on one resource.
type Outcome struct {
	Control    ID           `json:"control"`
	Status     Status       `json:"status"`
	Reason     Reason       `json:"reason"`
	Message    string       `json:"message"` // one sentence: what was found, naming the thing
	Severity   Severity     `json:"severity"`
	Resource   resource.Ref `json:"resource"`
	Encryption Encryption   `json:"encryption"`
	Advisories []Advisory   `json:"advisories"`
}
