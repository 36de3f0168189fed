package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/resource"
)

// bucket is AWS's side of the limit: a token bucket that refuses what it has no token for.
type bucket struct {
	mu     sync.Mutex
	rate   float64
	burst  float64
	tokens float64
	at     time.Time
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// TestLimiterFindsTheRate sends many calls at once at a location with a limit and checks that all get through, at
// close to the rate that AWS grants, and with few refusals.
func TestLimiterFindsTheRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, burst, slack float64 }{
		{5, 5, 1.1},
		{5, 10, 1.1},
		{50, 50, 1.1},
		{200, 20, 1.1},
		{2, 2, 1.3},
		// A bucket of one call refuses whatever comes a moment early. AWS's hold more.
		{5, 1, 2},
	} {
		t.Run(fmt.Sprintf("%g per second, burst %g", c.rate, c.burst), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const calls = 400
				aws := &bucket{rate: c.rate, burst: c.burst, tokens: c.burst, at: time.Now()}
				l := newLimiter()
				var refused, longest int
				var mu sync.Mutex
				var all sync.WaitGroup
				started := time.Now()
				for range calls {
					all.Go(func() {
						for tries := 1; ; tries++ {
							if err := l.wait(t.Context(), "op"); err != nil {
								t.Error(err)
								return
							}
							sent := time.Now()
							time.Sleep(80 * time.Millisecond)
							if aws.take() {
								l.success("op")
								mu.Lock()
								longest = max(longest, tries)
								mu.Unlock()
								return
							}
							l.throttled(sent, 0)
							mu.Lock()
							refused++
							mu.Unlock()
						}
					})
				}
				all.Wait()
				took := time.Since(started).Seconds()
				granted := (calls - c.burst) / c.rate
				t.Logf("took %.1f s where AWS grants %.1f s; %d refused, one call %d times", took, granted, refused, longest)
				if took > granted*c.slack+5 {
					t.Errorf("took %.1f s, AWS would have let it through in %.1f s", took, granted)
				}
				if refused > calls+calls/4 { // the first burst, and then one now and then
					t.Errorf("%d of %d refused", refused, calls)
				}
			})
		})
	}
}

func TestLimiterPausesEveryone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		l.throttled(time.Now(), 7*time.Second)
		started := time.Now()
		if err := l.wait(t.Context(), "op"); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(started); d < 7*time.Second {
			t.Errorf("waited %v, AWS asked for 7 s", d)
		}
	})
}

func TestLimiterWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		l.throttled(time.Now(), time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() {
				if err := l.wait(ctx, "op"); !errors.Is(err, ErrInterrupted) {
					t.Errorf("err %v", err)
				}
			})
		}
		started := time.Now()
		waiting.Wait()
		if d := time.Since(started); d > time.Second {
			t.Errorf("waited %v", d)
		}
	})
}

// TestThrottledLocationLosesNothing sends more calls through a slow location than it can take before a call's own
// limit is over.
func TestThrottledLocationLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := &bucket{rate: 5, burst: 5, tokens: 5, at: time.Now()}
		s := open(t, func(*http.Request, string) (*http.Response, error) {
			time.Sleep(50 * time.Millisecond)
			if !limit.take() {
				return jsonError(400, "ThrottlingException", "Rate exceeded"), nil
			}
			return reply(200, "{}"), nil
		}, func(o *Options) { o.ThrottleLimit = 20 * time.Second })
		const calls = 800
		var all sync.WaitGroup
		started := time.Now()
		for range calls {
			all.Go(func() {
				if _, err := list(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if d := time.Since(started).Seconds(); d > calls/5*1.15 {
			t.Errorf("took %.0f s, AWS would have let it through in %d s", d, calls/5)
		}
	})
}

// TestThrottledForEverEnds has a location refuse one operation whatever happens, with others waiting behind it, and
// checks that all of it ends in bounded time and that the location's other operations get through.
func TestThrottledForEverEnds(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]bool{"everything": false, "one operation": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, func(r *http.Request, _ string) (*http.Response, error) {
					time.Sleep(50 * time.Millisecond)
					if others && r.Header.Get("X-Amz-Target") == "AWSGlue.GetMLTransforms" {
						return reply(200, `{"Transforms":[]}`), nil
					}
					return jsonError(400, "ThrottlingException", "Rate exceeded"), nil
				})
				p := s.Home().At("us-east-1")
				var all sync.WaitGroup
				started := time.Now()
				for range 200 {
					all.Go(func() {
						_, err := list(t.Context(), s)
						if f := Classify(err, "glue:GetDevEndpoints"); f.Class != resource.Throttled || f.Code != "ThrottlingException" {
							t.Errorf("%+v", f)
						}
					})
				}
				for range 20 {
					all.Go(func() {
						_, err := Read(t.Context(), p, "glue:GetMLTransforms", s.Glue.GetMLTransforms, &glue.GetMLTransformsInput{}, p.Glue)
						if (err == nil) != others {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if d := time.Since(started); d > 150*time.Second {
					t.Errorf("gave up after %v", d)
				}
				t.Logf("%v, %d calls", time.Since(started), s.Stats().Calls)
			})
		})
	}
}

// TestThrottlingThatEndsIsForgotten has a location refuse everything until calls are given up, and then answer.
func TestThrottlingThatEndsIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed := true
		s := open(t, func(*http.Request, string) (*http.Response, error) {
			if closed {
				return jsonError(400, "ThrottlingException", "Rate exceeded"), nil
			}
			return reply(200, `{"DevEndpoints":[]}`), nil
		})
		if _, err := list(t.Context(), s); err == nil {
			t.Fatal("it must be given up")
		}
		calls, started := s.Stats().Calls, time.Now()
		if _, err := list(t.Context(), s); err == nil || time.Since(started) > 0 || s.Stats().Calls != calls {
			t.Errorf("in the pause: %v after %v", err, time.Since(started))
		}
		closed = false
		time.Sleep(2 * maxPause)
		for range 3 {
			if _, err := list(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
	})
}
