package sts

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// sessionLimit bounds the sessions that are kept; the oldest give way. An audit of a large organization makes one for
// each account.
const sessionLimit = 20_000

// Sessions holds the temporary credentials that AssumeRole gave out. It is safe for concurrent use.
type Sessions struct {
	mu    sync.RWMutex
	byKey map[string]*session
	ring  []string // keys in the order they were made, from oldest on
	old   int      // index of the oldest key once the ring is full
}

type session struct {
	account   string
	principal service.Principal
	token     string
	expires   time.Time
	policies  []*policyeval.Policy
	tags      map[string]string
	// transitive are the tag keys that later sessions in a role chain keep.
	transitive []string
}

// NewSessions makes an empty store.
func NewSessions() *Sessions { return &Sessions{byKey: map[string]*session{}} }

// Session implements iam.Sessions.
func (x *Sessions) Session(accessKeyID string) ([]*policyeval.Policy, map[string]string) {
	if s := x.find(accessKeyID); s != nil {
		return s.policies, s.tags
	}
	return nil, nil
}

func (x *Sessions) find(accessKeyID string) *session {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byKey[accessKeyID]
}

func (x *Sessions) put(s *session) {
	key := s.principal.AccessKeyID
	x.mu.Lock()
	defer x.mu.Unlock()
	x.byKey[key] = s
	if len(x.ring) < sessionLimit {
		x.ring = append(x.ring, key)
		return
	}
	delete(x.byKey, x.ring[x.old])
	x.ring[x.old] = key
	x.old = (x.old + 1) % sessionLimit
}

const (
	keyLength    = 16 // after ASIA
	secretBytes  = 30 // 40 characters
	tokenBytes   = 270
	sessionKeys  = "ASIA"
	accountWidth = 12
)

func randomBytes(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// Identify implements service.Identities.
func (x *STS) Identify(accessKeyID, sessionToken string, now time.Time) (string, service.Principal, *service.Error) {
	if len(accessKeyID) > len(sessionKeys) && accessKeyID[:len(sessionKeys)] == sessionKeys {
		s := x.sessions.find(accessKeyID)
		switch {
		case s == nil || s.token != sessionToken:
			return "", service.Principal{}, forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
		case !now.Before(s.expires):
			return "", service.Principal{}, forbidden("ExpiredToken", "The security token included in the request is expired")
		}
		return s.account, s.principal, nil
	}
	account := x.accounts.Management()
	if isAccount(accessKeyID) {
		account = accessKeyID
	}
	return account, service.Principal{
		AccessKeyID: accessKeyID, ARN: "arn:aws:iam::" + account + ":root", UserID: account,
	}, nil
}

func isAccount(s string) bool {
	if len(s) != accountWidth {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func forbidden(code, message string) *service.Error {
	return &service.Error{Code: code, Message: message, Status: http.StatusForbidden}
}
