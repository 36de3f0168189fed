package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/store"
)

// holder is this process, as leases name it.
func (e Env) holder() store.Holder {
	host, _ := os.Hostname() // a machine that does not know its name is told by its process alone
	return store.Holder{Host: host, PID: os.Getpid(), Since: e.Now()}
}

// leave makes sure that work may be done: here, with somebody's approval where it needs one, or by a daemon, which waits
// for that.
func (r *repairs) leave(ctx context.Context, w store.Work) error {
	if !r.flags.detach {
		return r.permitted(ctx, w)
	}
	_, err := r.daemon(ctx)
	return err
}

// daemon is the one that serves the state; diag.ErrNoDaemon where there is none.
func (r *repairs) daemon(ctx context.Context) (store.Holder, error) {
	holder, running, err := store.Daemon(ctx, r.store, r.env.holder())
	if err == nil && !running {
		err = diag.ErrNoDaemon
	}
	return holder, err
}

// detach leaves work to the daemon: it files a request that the daemon begins as soon as it may, and says how to follow
// it. diag.ErrNoDaemon where none would go on with it.
func (r *repairs) detach(ctx context.Context, w store.Work) error {
	holder, err := r.daemon(ctx)
	if err != nil {
		return err
	}
	rules, err := approvalRules(ctx, r.policy, r.store)
	if err != nil {
		return err
	}
	q, err := rules.Ask(r.env.NewID(), w, auth.CommandLine(r.env.operator()), "", true, r.env.Now())
	if err != nil {
		return err
	}
	if err := r.env.file(ctx, r.store, q); err != nil {
		return err
	}
	next := "the daemon goes on with it (" + holder.String() + ")"
	if q.State == store.RequestPending {
		next = "it waits for somebody's approval, and then the daemon goes on with it (" + holder.String() + ")"
	}
	_, err = fmt.Fprintf(r.env.Stdout, "Request %s: %s.\n  glueguard requests show %s    how it is getting on\n  glueguard changes    what becomes of the changes\n", q.ID, next, q.ID)
	return err
}
