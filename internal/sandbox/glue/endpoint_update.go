package glue

import (
	"maps"
	"slices"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	mostKeys      = 5
	mostArguments = 100
)

// updateDevEndpoint changes public keys, libraries and arguments; nothing else of an endpoint can change.
func (g *Glue) updateDevEndpoint(c *service.Call, in *awsglue.UpdateDevEndpointInput) (*awsglue.UpdateDevEndpointOutput, error) {
	l, e, err := g.lockedEndpoint(c, in.EndpointName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if e.status() != ready {
		// Unconfirmed for PROVISIONING and FAILED.
		return nil, invalid("Development endpoint %s is not READY", deref(in.EndpointName))
	}
	if !e.updated.IsZero() {
		return nil, invalid("Endpoint %s is already in the process of another concurrent update operation", deref(in.EndpointName))
	}
	view := e.view // the update is taken whole or not at all
	if err := updateKeys(&view, in); err != nil {
		return nil, err
	}
	if err := updateArguments(&view, in); err != nil {
		return nil, err
	}
	if lib := in.CustomLibraries; lib != nil {
		if lib.ExtraJarsS3Path != nil {
			view.ExtraJarsS3Path = lib.ExtraJarsS3Path
		}
		if lib.ExtraPythonLibsS3Path != nil {
			view.ExtraPythonLibsS3Path = lib.ExtraPythonLibsS3Path
		}
	}
	now := c.Now
	view.LastModifiedTimestamp, view.LastUpdateStatus = &now, ptr(updatePending)
	e.view, e.updated = view, now.Add(g.settings.Load().deleting())
	l.watch(e)
	return &awsglue.UpdateDevEndpointOutput{}, nil
}

// updateKeys follows the API's note: an endpoint with one PublicKey gets a list only once DeletePublicKeys took that key
// away, which the same call may do.
func updateKeys(v *types.DevEndpoint, in *awsglue.UpdateDevEndpointInput) error {
	for _, key := range in.DeletePublicKeys {
		i := slices.Index(v.PublicKeys, key)
		switch {
		case i >= 0:
			v.PublicKeys = slices.Concat(v.PublicKeys[:i], v.PublicKeys[i+1:])
		case v.PublicKey != nil && *v.PublicKey == key:
			v.PublicKey = nil
		default:
			return invalid("Public key to delete does not exist on the development endpoint")
		}
	}
	if in.PublicKey != nil {
		if len(v.PublicKeys) > 0 || len(in.AddPublicKeys) > 0 {
			return invalid("Only one of PublicKey and PublicKeys may be specified")
		}
		v.PublicKey = in.PublicKey
	}
	if len(in.AddPublicKeys) == 0 {
		return nil
	}
	if v.PublicKey != nil {
		return invalid("Delete the existing public key before adding a list of public keys")
	}
	v.PublicKeys = slices.Concat(v.PublicKeys, in.AddPublicKeys)
	if len(v.PublicKeys) > mostKeys {
		return invalid("An endpoint may have at most %d public keys", mostKeys)
	}
	return nil
}

func updateArguments(v *types.DevEndpoint, in *awsglue.UpdateDevEndpointInput) error {
	if len(in.AddArguments) == 0 && len(in.DeleteArguments) == 0 {
		return nil
	}
	arguments := maps.Clone(v.Arguments)
	if arguments == nil {
		arguments = map[string]string{}
	}
	for _, name := range in.DeleteArguments {
		delete(arguments, name)
	}
	maps.Copy(arguments, in.AddArguments)
	if len(arguments) > mostArguments {
		return invalid("An endpoint may have at most %d arguments", mostArguments)
	}
	v.Arguments = arguments
	return nil
}

// deleteDevEndpoint starts the deletion. Deleting what is being deleted changes nothing; what AWS answers is unconfirmed.
func (g *Glue) deleteDevEndpoint(c *service.Call, in *awsglue.DeleteDevEndpointInput) (*awsglue.DeleteDevEndpointOutput, error) {
	l, e, err := g.lockedEndpoint(c, in.EndpointName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if e.status() == terminating {
		return &awsglue.DeleteDevEndpointOutput{}, nil
	}
	now := c.Now
	e.view.Status, e.view.LastModifiedTimestamp = ptr(terminating), &now
	e.due = now.Add(g.settings.Load().deleting())
	if e.view.SubnetId != nil && g.subnets != nil {
		g.subnets.Release(l.account, l.region, *e.view.SubnetId, e.owner())
	}
	l.watch(e)
	return &awsglue.DeleteDevEndpointOutput{}, nil
}
