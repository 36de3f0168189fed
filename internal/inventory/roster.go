package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// target is an account to read, or the reason not to.
type target struct {
	account string
	skip    *resource.Failure
}

// roster is which accounts this audit enters, as far as it is known: a large organization takes seconds to list, page
// by page, and its first accounts are read meanwhile.
type roster struct {
	mu      sync.Mutex
	known   map[string]bool // whether the account is entered
	waiting []target        // those that next has not returned
	more    chan struct{}   // holds a token when waiting may have grown
	whole   chan struct{}   // closed when no more will come
}

func newRoster() *roster {
	return &roster{known: map[string]bool{}, more: make(chan struct{}, 1), whole: make(chan struct{})}
}

// add enters an account, once, and tells whether it was new.
func (r *roster) add(t target) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twice := r.known[t.account]; twice {
		return false
	}
	r.known[t.account] = t.skip == nil
	r.push(t)
	return true
}

// note adds what stands for something that could not be read, beside the account itself.
func (r *roster) note(t target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.push(t)
}

func (r *roster) push(t target) {
	r.waiting = append(r.waiting, t)
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// next returns the targets in the order in which they came; false when there are no more.
func (r *roster) next() (target, bool) {
	for {
		r.mu.Lock()
		if len(r.waiting) > 0 {
			t := r.waiting[0]
			r.waiting = r.waiting[1:]
			r.mu.Unlock()
			return t, true
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case <-r.whole:
			r.mu.Lock()
			left := len(r.waiting)
			r.mu.Unlock()
			if left == 0 {
				return target{}, false
			}
		}
	}
}

// enters tells whether this audit enters an account. For one that is not known, it waits until all are.
func (r *roster) enters(ctx context.Context, account string) bool {
	if entered, known := r.look(account); known {
		return entered
	}
	select {
	case <-r.whole:
	case <-ctx.Done():
	}
	entered, _ := r.look(account)
	return entered
}

func (r *roster) look(account string) (entered, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entered, known = r.known[account]
	return entered, known
}

// enrol fills the roster. Accounts that were named are read even where the organization does not know them. When the
// organization could not be listed to its end, that is a target of its own, so that coverage shows it.
func (r *run) enrol(ctx context.Context) {
	defer close(r.roster.whole)
	add := func(t target) {
		if r.roster.add(t) {
			r.accountsLeft.Add(1)
		}
	}
	wanted := slices.Compact(slices.Sorted(slices.Values(r.scope.Accounts)))
	caller, err := r.session.Caller(ctx)
	if err != nil {
		return // it ends the scan
	}
	own := len(wanted) == 0
	if r.scope.Organization {
		err := r.session.Members(ctx, func(page []awsapi.Member) {
			for _, m := range page {
				if len(wanted) == 0 || slices.Contains(wanted, m.ID) {
					add(member(m))
				}
			}
		})
		if err != nil {
			failure := awsapi.Classify(err, opListAccounts)
			r.roster.note(target{account: caller.Account, skip: &failure})
			r.accountsLeft.Add(1)
		}
		own = own && err != nil
	}
	if own {
		add(target{account: caller.Account})
	}
	for _, account := range wanted {
		add(target{account: account})
	}
}

func member(m awsapi.Member) target {
	t := target{account: m.ID}
	if !m.Active {
		t.skip = &resource.Failure{
			Operation: opListAccounts, Class: resource.Skipped, Message: "the account's state is " + m.State,
		}
	}
	return t
}
