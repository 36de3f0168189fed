package api

import "github.com/glueguard/glueguard/internal/auth"

// PermissionOf is permission, for the test of the document.
func PermissionOf(operation string) (need auth.Permission, open, listed bool) {
	return permission(operation)
}
