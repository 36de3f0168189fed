package inventory

import (
	"context"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Locations lists what a scope covers, without reading any resource, and what of it can't be entered.
func Locations(ctx context.Context, session *awsapi.Session, scope Scope) (list []resource.Location, unread []resource.Coverage, err error) {
	scope.DevEndpoints, scope.MLTransforms, scope.Keys, scope.Tags = false, false, false, false
	err = New(session).Scan(ctx, scope, func(s *resource.Snapshot) error {
		if s.Location.Region != "" {
			list = append(list, s.Location)
		}
		for _, c := range s.Coverage {
			if c.Unread() {
				unread = append(unread, c)
			}
		}
		return nil
	})
	return list, unread, err
}
