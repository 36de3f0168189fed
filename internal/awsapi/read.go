package awsapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Read makes one reading call of a client in a place, e.g.
//
//	out, err := awsapi.Read(ctx, p, "glue:GetDevEndpoints", client.GetDevEndpoints, in, p.Glue)
//
// It renews the credentials, waits for the location's turn and for room in flight, counts, and tries again what may
// succeed later. It must not be given a call that changes anything, since a lost answer is simply asked for again; unless
// doing it twice is as good as doing it once, as with what is stored under a key.
func Read[I, O, P any](ctx context.Context, p *Place, operation string,
	call func(context.Context, *I, ...func(*P)) (*O, error), in *I, opts []func(*P),
) (*O, error) {
	var out *O
	err := p.read(ctx, operation, func(ctx context.Context) (err error) {
		out, err = call(ctx, in, opts...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Place) read(ctx context.Context, operation string, call func(context.Context) error) error {
	var t tries
	for {
		if err := p.account.fresh(ctx); err != nil {
			return err
		}
		sent, err := p.attempt(ctx, operation, call)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return interrupted(ctx)
		}
		again, err := p.again(ctx, operation, &t, sent, err)
		if !again {
			err = asCredentials(operation, err)
			if p.account.own {
				p.account.session.noteEnd(err)
			}
			return err
		}
		p.account.session.stats.retried.Add(1)
	}
}

// attempt sends the call once and tells the limiter how it went.
func (p *Place) attempt(ctx context.Context, operation string, call func(context.Context) error) (sent time.Time, err error) {
	s := p.account.session
	if err := p.limiter.wait(ctx, operation); err != nil {
		return sent, err
	}
	sent, err = s.workers.do(ctx, s.opts.AttemptTimeout, call)
	if sent.IsZero() {
		return sent, err // never sent
	}
	s.stats.calls.Add(1)
	s.observe(operation, err)
	if err != nil && isThrottle(err) {
		s.stats.throttled.Add(1)
		p.limiter.throttled(sent, retryAfter(err))
		return sent, err
	}
	p.limiter.success(operation)
	return sent, err
}

// observe tells how a request that was sent has ended.
func (s *Session) observe(operation string, err error) {
	if s.opts.Observe == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = string(Classify(err, operation).Class)
	}
	s.opts.Observe(operation, outcome)
}

// mostThrottled is how often one call may be throttled although others of its location get through.
const mostThrottled = 30

// tries is what one read has been through.
type tries struct {
	failed    int       // attempts that failed for other reasons than rate
	firstFail time.Time // zero: none
	throttled int
	firstSlow time.Time // first throttled answer
	renewed   bool      // the credentials were taken anew
}

// again decides whether a failed attempt is worth another one, and waits until it is. Its error is ErrInterrupted,
// wrapped, when the wait was cut short; else it is the attempt's.
func (p *Place) again(ctx context.Context, operation string, t *tries, sent time.Time, err error) (bool, error) {
	o := &p.account.session.opts
	now := time.Now()
	switch {
	case errors.Is(err, ErrInterrupted):
		return false, err
	case isThrottle(err): // the limiter makes it wait, with all others of the location
		if t.firstSlow.IsZero() {
			t.firstSlow = sent
		}
		t.throttled++
		if t.throttled < mostThrottled && now.Sub(p.limiter.stuckSince(t.firstSlow)) < o.ThrottleLimit && !p.limiter.gaveUp(operation) {
			return true, err
		}
		p.limiter.giveUp(operation, err)
		return false, err
	case isExpired(Code(err)) && !p.account.own && !t.renewed:
		t.renewed = true
		p.account.creds.forget()
		return true, err
	case !isTransient(err):
		return false, err
	}
	t.failed++
	if t.firstFail.IsZero() {
		t.firstFail = sent
	}
	pause := backoff(t.failed)
	if t.failed >= o.Attempts || now.Add(pause).Sub(t.firstFail) > o.RetryLimit {
		return false, err
	}
	if slept := sleep(ctx, pause); slept != nil {
		return false, slept
	}
	return true, err
}

// backoff is a random time up to 50 ms, 200 ms, 800 ms, … and never more than 5 s.
func backoff(failed int) time.Duration {
	return rand.N(min(50*time.Millisecond<<(2*min(failed-1, 8)), 5*time.Second)) + time.Millisecond
}

func asCredentials(operation string, err error) error {
	var already *CredentialsError
	if code := Code(err); isCredentials(code) && !errors.As(err, &already) {
		return &CredentialsError{Operation: operation, Code: code, Err: err}
	}
	return err
}

// retryAfter is how long a throttled answer asks to wait: the header Retry-After in seconds, at most a minute.
func retryAfter(err error) time.Duration {
	var re *awshttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil {
		return 0
	}
	seconds, err := strconv.Atoi(re.Response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0 // absent, or a date, which AWS does not send
	}
	return min(time.Duration(seconds)*time.Second, time.Minute)
}
