package sandbox

import (
	"net/http"
	"strings"
)

// credential is what a request's signature says about itself.
type credential struct {
	accessKey, region, service, token string
}

const (
	sigV4  = "AWS4-HMAC-SHA256"
	sigV4a = "AWS4-ECDSA-P256-SHA256" // its scope has no region
)

// authFault is why a request's authentication can't be read.
type authFault int

const (
	authOK authFault = iota
	authMissing
	authIncomplete
)

// parseAuthorization reads SigV4's header. The signature is not verified.
func parseAuthorization(r *http.Request) (credential, authFault, string) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return parsePresigned(r)
	}
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != sigV4 && scheme != sigV4a {
		return credential{}, authIncomplete, "Authorization header requires existence of either a '" + sigV4 + "' scheme. Authorization=" + scheme
	}
	var scope, signed, signature string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			signature = value
		}
	}
	var missing []string
	for _, p := range [...][2]string{{"Credential", scope}, {"SignedHeaders", signed}, {"Signature", signature}} {
		if p[1] == "" {
			missing = append(missing, "Authorization header requires '"+p[0]+"' parameter.")
		}
	}
	if len(missing) > 0 {
		return credential{}, authIncomplete, strings.Join(missing, " ")
	}
	c, fault, why := parseScope(scheme, scope)
	c.token = r.Header.Get("X-Amz-Security-Token")
	return c, fault, why
}

// parsePresigned reads a presigned URL, which only S3 is asked with.
func parsePresigned(r *http.Request) (credential, authFault, string) {
	if !strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return credential{}, authMissing, "Request is missing Authentication Token"
	}
	q := r.URL.Query()
	c, fault, why := parseScope(q.Get("X-Amz-Algorithm"), q.Get("X-Amz-Credential"))
	if fault == authOK && c.service != "s3" {
		return credential{}, authMissing, "Request is missing Authentication Token"
	}
	c.token = q.Get("X-Amz-Security-Token")
	return c, fault, why
}

// parseScope reads KEY/DATE/REGION/SERVICE/aws4_request, from the end, since nothing forbids slashes in a key.
func parseScope(scheme, scope string) (credential, authFault, string) {
	parts := strings.Split(scope, "/")
	want := 5
	if scheme == sigV4a {
		want = 4
	}
	n := len(parts)
	if n < want || parts[n-1] != "aws4_request" {
		return credential{}, authIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + scope + "'"
	}
	c := credential{accessKey: strings.Join(parts[:n-want+1], "/"), service: parts[n-2], region: "us-east-1"}
	if scheme != sigV4a {
		c.region = parts[n-3]
	}
	if c.accessKey == "" || c.region == "" || c.service == "" {
		return credential{}, authIncomplete, "Credential must not have empty elements, got '" + scope + "'"
	}
	return c, authOK, ""
}

// readOnly says whether an operation changes nothing, as CloudTrail marks it. Using a key counts as reading.
func readOnly(operation string) bool {
	for _, verb := range [...]string{"Get", "List", "Describe", "Lookup", "BatchGet", "Simulate", "Head", "AssumeRole"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	switch operation {
	case "Encrypt", "Decrypt", "GenerateDataKey", "Sign", "Verify":
		return true
	}
	return false
}
