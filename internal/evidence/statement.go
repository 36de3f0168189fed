package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// What the statement says it is. Sources: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
// envelope.md there.
const (
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"
	// PredicateType names what a bundle's statement claims.
	PredicateType = "https://github.com/glueguard/glueguard/evidence/v1"
)

// statement is an in-toto Statement. It is written here, not by in-toto's own Go package: that one's JSON is by design
// not the same twice (protojson), and equal evidence shall be equal bytes. The tests read it with that package.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	Tool    string       `json:"tool"`
	MadeAt  time.Time    `json:"made_at"`
	Request Selection    `json:"request"`
	Trail   Mark         `json:"trail"` // of the state
	Records int          `json:"records"`
	Kinds   map[Kind]int `json:"kinds"`
	Head    string       `json:"head"` // SHA-256 of the last line
}

// seal signs a statement and returns its envelope as a file.
func seal(ctx context.Context, s statement, key Signer) ([]byte, error) {
	payload, err := encode(s)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, err
	}
	envelope, err := signer.SignPayload(ctx, payloadType, bytes.TrimSpace(payload))
	if err != nil {
		return nil, err
	}
	return encode(envelope)
}

// oneWay tells whether a text is base64 just as its bytes are written.
func oneWay(text string) bool {
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(b) == text
}

var errEnvelope = errors.New("it is not an envelope as glueguard writes it")

// unseal returns what an envelope holds, once its one signature was found to be the key's.
func unseal(ctx context.Context, src []byte, key PublicKey) (statement, error) {
	var envelope dsse.Envelope
	if err := json.Unmarshal(src, &envelope); err != nil {
		return statement{}, errEnvelope
	}
	// JSON and base64 can say the same in several ways: only the one way counts.
	again, err := encode(envelope)
	if err != nil || !bytes.Equal(again, src) || len(envelope.Signatures) != 1 || envelope.PayloadType != payloadType {
		return statement{}, errEnvelope
	}
	if envelope.Signatures[0].KeyID != key.ID() || !oneWay(envelope.Payload) || !oneWay(envelope.Signatures[0].Sig) {
		return statement{}, errEnvelope
	}
	verifier, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return statement{}, err
	}
	_, payload, err := verifier.VerifyAndDecode(ctx, &envelope)
	if err != nil {
		return statement{}, errSignature
	}
	var s statement
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || s.Type != statementType || s.PredicateType != PredicateType {
		return statement{}, errors.New("it holds a statement of another kind, or of a newer glueguard")
	}
	return s, nil
}
