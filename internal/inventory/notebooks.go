package inventory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/awsapi/sagemaker"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opNotebooks      = "sagemaker:ListNotebookInstances"
	opNotebookTags   = "sagemaker:ListTags"
	notebooksPerPage = 100
)

// notebook is a notebook instance with what may say which dev endpoint it is attached to.
type notebook struct {
	name, lifecycle string
	tags            map[string]string
}

// attached lists the notebooks that are attached to an endpoint. They find it by its name, which is kept in a tag; AWS
// does not document the tag's key, so any tag about Glue counts that has the name or ARN for its value.
func (s *site) attached(ctx context.Context, d resource.EndpointDetail) resource.Fact[[]resource.Dependent] {
	fact := s.once.notebooks.get(struct{}{}, func() resource.Fact[[]notebook] { return s.notebooks(ctx) })
	all, ok := fact.Value()
	if !ok {
		return resource.Unknown[[]resource.Dependent](fact.Failure())
	}
	name := d.Definition.Name
	var found []resource.Dependent
	for _, n := range all {
		for _, key := range slices.Sorted(maps.Keys(n.tags)) {
			if value := n.tags[key]; strings.Contains(strings.ToLower(key), "glue") && (value == name || value == d.ARN) {
				found = append(found, resource.Dependent{Kind: "notebook", Name: n.name, Where: "tag " + key})
			}
		}
		if n.lifecycle == name || strings.HasSuffix(n.lifecycle, "-"+name) {
			found = append(found, resource.Dependent{Kind: "notebook", Name: n.name, Where: "lifecycle configuration " + n.lifecycle})
		}
	}
	return together(resource.Known(found))
}

func (s *site) notebooks(ctx context.Context) resource.Fact[[]notebook] {
	p := s.place
	var list []sagemaker.Notebook
	_, err := pages(func(token *string) (*string, error) {
		in := &sagemaker.ListNotebookInstancesInput{MaxResults: aws.Int32(notebooksPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opNotebooks, s.session.SageMaker.ListNotebookInstances, in, p.SageMaker())
		if err != nil {
			return nil, err
		}
		list = append(list, out.NotebookInstances...)
		return out.NextToken, nil
	})
	if err != nil {
		return unread[[]notebook](err, opNotebooks)
	}
	facts := each(list, func(n sagemaker.Notebook) resource.Fact[notebook] { return s.notebook(ctx, n) })
	all := make([]notebook, 0, len(facts))
	for _, fact := range facts {
		n, ok := fact.Value()
		switch {
		case ok:
			all = append(all, n)
		case fact.IsUnknown():
			return resource.Unknown[[]notebook](fact.Failure())
		}
	}
	return resource.Known(all)
}

func (s *site) notebook(ctx context.Context, listed sagemaker.Notebook) resource.Fact[notebook] {
	p := s.place
	if aws.ToString(listed.NotebookInstanceArn) == "" {
		return resource.Unknown[notebook](failed(opNotebooks, "the answer lists a notebook without its ARN"))
	}
	n := notebook{
		name: aws.ToString(listed.NotebookInstanceName), lifecycle: aws.ToString(listed.NotebookInstanceLifecycleConfigName), tags: map[string]string{},
	}
	_, err := pages(func(token *string) (*string, error) {
		in := &sagemaker.ListTagsInput{ResourceArn: listed.NotebookInstanceArn, NextToken: token}
		out, err := awsapi.Read(ctx, p, opNotebookTags, s.session.SageMaker.ListTags, in, p.SageMaker())
		if err != nil {
			return nil, err
		}
		for _, tag := range out.Tags {
			n.tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return unread[notebook](err, opNotebookTags)
	}
	return resource.Known(n)
}
