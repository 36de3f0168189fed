package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// cleanup carries out a request to delete security configurations that nothing names. Each, and
// what may name it, is looked at again right before.
func (w *work) cleanup(ctx context.Context, r *running) error {
	q := r.head()
	e, err := w.sessions.get(ctx, w.worker.role)
	if err != nil {
		return err
	}
	defer e.done()
	var locations []resource.Location
	for _, c := range q.Work.Configurations {
		if !slices.Contains(locations, c.Location) {
			locations = append(locations, c.Location)
		}
	}
	begin := store.Deed{
		Action: "cleanup.begin", Digest: q.Digest, Outcome: store.DeedOK,
		Detail: map[string]string{"request": q.ID, "count": fmt.Sprint(len(q.Work.Configurations))},
	}
	if err := w.record(ctx, q.StartedBy, plan.Access{}, begin); err != nil {
		return err
	}
	found, unread, err := leftover.Configurations(ctx, inventory.NewInspector(e.session), w.store, locations)
	if err != nil {
		return err
	}
	for _, asked := range q.Work.Configurations {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.settled(nameAt(asked), "") { // by the daemon before this one
			continue
		}
		w.note(r, w.remove(ctx, e, q, asked, found, unread))
	}
	return nil
}

// nameAt is a configuration as results name it.
func nameAt(c store.ConfigurationAt) string { return c.Location.String() + " " + c.Name }

// remove deletes one configuration, unless something stands against it.
func (w *work) remove(ctx context.Context, e *entry, q store.Request, asked store.ConfigurationAt, found []leftover.Configuration, unread []resource.Coverage) store.RequestResult {
	result := store.RequestResult{Subject: nameAt(asked)}
	blind := slices.ContainsFunc(unread, func(c resource.Coverage) bool {
		return c.Account == asked.Location.Account && c.Region == asked.Location.Region
	})
	if blind {
		result.Message = "what names it could not be read, so nothing was removed there"
		return result
	}
	i := slices.IndexFunc(found, func(c leftover.Configuration) bool {
		return c.Location.String() == asked.Location.String() && c.Configuration.Name == asked.Name
	})
	switch {
	case i < 0:
		result.OK, result.Message = true, "it had gone already, or was never made by Glueguard"
		return result
	case len(found[i].UsedBy) > 0:
		result.Message = "it is named by " + strings.Join(found[i].UsedBy, ", ")
		return result
	}
	remover := leftover.Remover{Reader: inventory.NewInspector(e.session), Changes: w.store, Actor: e.repair.Actor}
	removed, why, err := remover.Remove(ctx, found[i])
	d := store.Deed{
		Action: "configuration.delete", Subject: asked.Name, Outcome: store.DeedOK,
		Detail: map[string]string{"location": asked.Location.String(), "request": q.ID},
	}
	switch {
	case err != nil:
		result.Message, result.Hint = diag.Line(err)
		d.Outcome, d.Detail["reason"] = store.DeedFailed, diag.Reason(err)
	case why != "":
		result.Message = why
		d.Outcome = store.DeedRefused
	default:
		result.OK = true
		if !removed {
			result.Message = "it had gone already"
		}
	}
	if err := w.record(context.WithoutCancel(ctx), q.StartedBy, plan.Access{}, d); err != nil {
		w.log.Error("writing to the audit trail", "request", q.ID, "error", err.Error())
	}
	return result
}
