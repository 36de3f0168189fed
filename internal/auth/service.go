package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/store"
)

// Options are what a Service works with.
type Options struct {
	Users       store.Users
	Credentials store.Credentials
	Trail       store.Trail
	Now         func() time.Time
	Rand        io.Reader   // nil: the system's
	OIDC        *OIDCConfig // nil: local users only
	// ExternalURL is where browsers reach the console, e.g. https://glueguard.example.org; needed for OIDC. Its origin is
	// trusted beside the one that a request itself names.
	ExternalURL string
	// Secure says that browsers come by TLS, at this process or at a proxy before it.
	Secure bool
	// BehindProxy takes the address of who asks from the last entry of X-Forwarded-For.
	BehindProxy bool
	Idle        time.Duration // sign-ins end after so long without a request; 0: 30 minutes
	Absolute    time.Duration // sign-ins end after so long; 0: 12 hours
	Hashing     Hashing       // of new passwords; zero: DefaultHashing
	// Fail writes the page of an OIDC sign-in that failed; nil: a plain one.
	Fail func(w http.ResponseWriter, r *http.Request, status int, err error)
	// Denied answers requests that another site's page made, once they are recorded; nil: 403 as plain text.
	Denied http.Handler
}

// The time limits of sign-ins and links, where Options say nothing.
const (
	defaultIdle     = 30 * time.Minute
	defaultAbsolute = 12 * time.Hour
	seenEvery       = time.Minute // how often the store is told that a sign-in or a token is in use
	setupLasts      = 24 * time.Hour
	ticketLasts     = 3 * 24 * time.Hour
)

// Service signs people in, and manages users, tokens and one-time links. Each thing that it changes is written into the
// audit trail with the change itself; each sign-in that it refuses is there, too.
type Service struct {
	o      Options
	hasher *hasher
	limits *loginLimits
	oidc   *oidcFlow // nil without an issuer

	// writing holds together reading and writing of users, sign-ins, tokens: one that is ended must not be written back
	// by a request that saw it before.
	writing sync.Mutex
}

// New makes a Service.
func New(o Options) (*Service, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Absolute == 0 {
		o.Absolute = defaultAbsolute
	}
	if o.Hashing == (Hashing{}) {
		o.Hashing = DefaultHashing()
	}
	if o.ExternalURL != "" {
		u, err := url.Parse(o.ExternalURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, &InputError{Field: "external URL", Reason: "want one like https://glueguard.example.org, without a path"}
		}
		o.ExternalURL = u.Scheme + "://" + u.Host
	}
	s := &Service{o: o, hasher: newHasher(o.Hashing, o.Rand, min(hashedAtOnce, runtime.GOMAXPROCS(0))), limits: newLoginLimits()}
	if o.OIDC != nil {
		flow, err := newOIDCFlow(*o.OIDC, o)
		if err != nil {
			return nil, err
		}
		s.oidc = flow
	}
	return s, nil
}

// hashedAtOnce is how many passwords are hashed at a time, at most: each takes Hashing.Memory.
const hashedAtOnce = 4

// secretBytes is how much chance is in a secret.
const secretBytes = 32

// secret makes a new secret text, and its hash as the store keeps it.
func (s *Service) secret(prefix string) (text, hash string, err error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.o.Rand, b); err != nil {
		return "", "", fmt.Errorf("make a secret: %w", err)
	}
	text = prefix + base64.RawURLEncoding.EncodeToString(b)
	return text, hashOf(text), nil
}

// hashOf is what the store keeps of a secret. The secrets have 256 bits of chance, so they need no slow hash; and as
// they are looked up by it, comparing tells nobody anything about the secret.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newID makes the id of something new.
func (s *Service) newID() (string, error) {
	id, err := uuid.NewV7FromReader(s.o.Rand)
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id.String(), nil
}

// record writes one deed of whoever asks, where it changes nothing.
func (s *Service) record(ctx context.Context, d store.Deed) error {
	_, err := s.o.Trail.Record(ctx, s.deed(ctx, d))
	return err
}

// told makes a change, and writes who made it into the audit trail: both or neither.
func (s *Service) told(ctx context.Context, d store.Deed, change func(ctx context.Context, w store.Writes) error) error {
	d = s.deed(ctx, d)
	return s.o.Trail.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if err := change(ctx, w); err != nil {
			return err
		}
		_, err := w.Record(ctx, d)
		return err
	})
}

// deed is what whoever asks does now.
func (s *Service) deed(ctx context.Context, d store.Deed) store.Deed {
	if d.Actor == (store.Actor{}) {
		d.Actor = s.actor(ctx)
	}
	if d.Outcome == "" {
		d.Outcome = store.DeedOK
	}
	d.At = s.o.Now()
	return d
}

// actor is who asks: without a sign-in it is only known from where.
func (s *Service) actor(ctx context.Context) store.Actor {
	if p, ok := From(ctx); ok {
		return p.Actor
	}
	return store.Actor{Kind: store.ActorUser, Address: Address(ctx)}
}
