package glue

import (
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// mostEndpoints is the largest page that the service gives, though its model says 1000.
const mostEndpoints = 200

// mostPage is the largest page of the other listings.
const mostPage = 1000

// mostBatch is how many names one BatchGetDevEndpoints takes.
const mostBatch = 25

// lockedEndpoint returns the locked location and the endpoint of a name.
func (g *Glue) lockedEndpoint(c *service.Call, name *string) (*location, *endpoint, error) {
	l := g.locked(c)
	if l != nil {
		l.settleEndpoints(c.Now)
		if e := l.endpoints.get(deref(name)); e != nil {
			return l, e, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Development endpoint %s not found", deref(name))
}

func (g *Glue) getDevEndpoint(c *service.Call, in *awsglue.GetDevEndpointInput) (*awsglue.GetDevEndpointOutput, error) {
	l, e, err := g.lockedEndpoint(c, in.EndpointName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetDevEndpointOutput{DevEndpoint: ptr(e.view)}, nil
}

func (g *Glue) getDevEndpoints(c *service.Call, in *awsglue.GetDevEndpointsInput) (*awsglue.GetDevEndpointsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostEndpoints)
	if err != nil {
		return nil, err
	}
	l := g.locked(c)
	if l == nil {
		return &awsglue.GetDevEndpointsOutput{DevEndpoints: []types.DevEndpoint{}, NextToken: g.next(p, "", false)}, nil
	}
	defer l.mu.Unlock()
	l.settleEndpoints(c.Now)
	items, last, more := list(&l.endpoints, p, func(e *endpoint) (types.DevEndpoint, bool) { return e.view, true })
	return &awsglue.GetDevEndpointsOutput{DevEndpoints: items, NextToken: g.next(p, last, more)}, nil
}

func (g *Glue) listDevEndpoints(c *service.Call, in *awsglue.ListDevEndpointsInput) (*awsglue.ListDevEndpointsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostPage)
	if err != nil {
		return nil, err
	}
	l := g.locked(c)
	if l == nil {
		return &awsglue.ListDevEndpointsOutput{DevEndpointNames: []string{}, NextToken: g.next(p, "", false)}, nil
	}
	defer l.mu.Unlock()
	l.settleEndpoints(c.Now)
	names, last, more := list(&l.endpoints, p, func(e *endpoint) (string, bool) {
		return deref(e.view.EndpointName), hasTags(e.tags, in.Tags)
	})
	return &awsglue.ListDevEndpointsOutput{DevEndpointNames: names, NextToken: g.next(p, last, more)}, nil
}

func (g *Glue) batchGetDevEndpoints(
	c *service.Call, in *awsglue.BatchGetDevEndpointsInput,
) (*awsglue.BatchGetDevEndpointsOutput, error) {
	if n := len(in.DevEndpointNames); n < 1 || n > mostBatch {
		return nil, invalid("Number of development endpoint names must be between 1 and %d", mostBatch)
	}
	out := &awsglue.BatchGetDevEndpointsOutput{DevEndpoints: []types.DevEndpoint{}, DevEndpointsNotFound: []string{}}
	l := g.locked(c)
	if l == nil {
		out.DevEndpointsNotFound = in.DevEndpointNames
		return out, nil
	}
	defer l.mu.Unlock()
	l.settleEndpoints(c.Now)
	for _, name := range in.DevEndpointNames {
		if e := l.endpoints.get(name); e != nil {
			out.DevEndpoints = append(out.DevEndpoints, e.view)
		} else {
			out.DevEndpointsNotFound = append(out.DevEndpointsNotFound, name)
		}
	}
	return out, nil
}
