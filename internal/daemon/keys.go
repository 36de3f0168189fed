package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

// Keys implements api.Worker.
func (w *worker) Keys(ctx context.Context, l resource.Location) ([]api.Key, error) {
	e, err := w.sessions.get(ctx, w.role)
	if err != nil {
		return nil, err
	}
	defer e.done()
	choices, err := inventory.NewInspector(e.session).Keys(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("list the keys of %s: %w", l, err)
	}
	keys := make([]api.Key, 0, len(choices))
	for _, c := range choices {
		keys = append(keys, keyOf(c))
	}
	return keys, nil
}

// What AWS calls the keys that Glue can encrypt with.
const (
	keyEnabled   = "Enabled"
	keyEncrypts  = "ENCRYPT_DECRYPT"
	keySymmetric = "SYMMETRIC_DEFAULT"
	dataKey      = "kms:GenerateDataKey"
)

// keyOf says of a key what somebody who chooses wants to know.
func keyOf(c inventory.KeyChoice) api.Key {
	k := api.Key{ARN: c.ARN, Description: c.Description, Aliases: []string{}, MayUse: []string{}, Rotation: resource.Absent[bool]()}
	var why []string
	if names, ok := c.Aliases.Value(); ok {
		k.Aliases = append(k.Aliases, names...)
	} else if c.Aliases.IsUnknown() {
		why = append(why, "its aliases could not be read: "+c.Aliases.Failure().Error())
	}
	detail, ok := c.Detail.Value()
	switch {
	case c.Detail.IsAbsent():
		k.Why = "it is gone"
		return k
	case !ok:
		k.Why, k.Rotation = "it could not be read: "+c.Detail.Failure().Error(), resource.Unknown[bool](c.Detail.Failure())
		return k
	}
	key := detail.Key
	k.State, k.Manager, k.Rotation = key.State, key.Manager, key.Rotation
	unusable := unusable(key)
	k.Usable = unusable == ""
	may, unread := mayUse(detail)
	k.MayUse = append(k.MayUse, may...)
	if unusable != "" {
		why = append([]string{unusable}, why...)
	}
	k.Why = strings.Join(append(why, unread...), "; ")
	return k
}

// unusable says why Glue can't encrypt with a key; empty: it can.
func unusable(k resource.Key) string {
	switch {
	case k.State != keyEnabled:
		return "its state is " + k.State
	case k.Usage != keyEncrypts:
		return "it is for " + k.Usage + ", not for encryption"
	case k.Spec != keySymmetric:
		return "it is no symmetric key (" + k.Spec + ")"
	}
	return ""
}

// mayUse lists who may encrypt under a key as its policy and its grants tell, and says what of these could not be read.
// Conditions may narrow what a statement grants; a whole account stands for whoever its administrators let.
func mayUse(d resource.KeyDetail) (may, unread []string) {
	if text, ok := d.Key.Policy.Value(); ok {
		document, err := iampolicy.Parse(text)
		if err != nil {
			unread = append(unread, "its policy can't be understood")
		}
		for _, g := range document.GranteesOf(dataKey) {
			may = append(may, grantee(g))
		}
	} else if d.Key.Policy.IsUnknown() {
		unread = append(unread, "its policy could not be read: "+d.Key.Policy.Failure().Error())
	}
	grants, ok := d.Grants.Value()
	if !ok && d.Grants.IsUnknown() {
		unread = append(unread, "its grants could not be read: "+d.Grants.Failure().Error())
	}
	for _, g := range grants {
		if slices.ContainsFunc(g.Operations, func(o string) bool { return strings.HasPrefix(o, strings.TrimPrefix(dataKey, "kms:")) }) {
			may = append(may, g.Grantee+" (grant)")
		}
	}
	slices.Sort(may)
	return slices.Compact(may), unread
}

// grantee names whom a statement grants, in words where the text would mislead.
func grantee(g iampolicy.Grantee) string {
	name := g.Principal.ID
	switch {
	case g.Wildcard && g.Accounts != nil:
		name = "anyone in " + strings.Join(g.Accounts, ", ")
	case g.Wildcard && g.Narrowed:
		name = "anyone that a condition lets"
	case g.Wildcard:
		name = "anyone"
	case g.Principal.WholeAccount():
		return "account " + g.Principal.Account() + ", by its own IAM policies"
	case g.Principal.Deleted():
		return name + " (deleted)"
	}
	if g.Narrowed && !g.Wildcard {
		name += " (on conditions)"
	}
	return name
}
