package tagging

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// mostChanged is how many resources one call changes.
const mostChanged = 20

func (t *Tagging) tagResources(c *service.Call, in *tagapi.TagResourcesInput) (*tagapi.TagResourcesOutput, error) {
	for key := range in.Tags {
		if reserved(key) {
			return nil, invalid("Tag keys starting with aws: are reserved for system use: %s", key)
		}
	}
	failed, err := t.change(in.ResourceARNList, func(s Source, arn string) error { return s.AddTags(c, arn, in.Tags) })
	if err != nil {
		return nil, err
	}
	return &tagapi.TagResourcesOutput{FailedResourcesMap: failed}, nil
}

func (t *Tagging) untagResources(c *service.Call, in *tagapi.UntagResourcesInput) (*tagapi.UntagResourcesOutput, error) {
	if i := slices.IndexFunc(in.TagKeys, reserved); i >= 0 {
		return nil, invalid("Tag keys starting with aws: are reserved for system use: %s", in.TagKeys[i])
	}
	failed, err := t.change(in.ResourceARNList, func(s Source, arn string) error { return s.RemoveTags(c, arn, in.TagKeys) })
	if err != nil {
		return nil, err
	}
	return &tagapi.UntagResourcesOutput{FailedResourcesMap: failed}, nil
}

func reserved(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// change changes each resource for itself, and tells which failed and why.
func (t *Tagging) change(arns []string, apply func(Source, string) error) (map[string]types.FailureInfo, error) {
	if len(arns) < 1 || len(arns) > mostChanged {
		return nil, invalid("ResourceARNList must have between 1 and %d entries", mostChanged)
	}
	failed := map[string]types.FailureInfo{}
	for _, arn := range arns {
		source := t.sources[serviceOf(arn)]
		if source == nil {
			failed[arn] = failure(service.Errorf("InvalidParameterException", "The service of %s is not supported", arn))
			continue
		}
		if err := apply(source, arn); err != nil {
			failed[arn] = failure(err)
		}
	}
	return failed, nil
}

// failure is one resource's refusal. The guide says that the hosting service's code may stand here; the model lists two
// codes only, so that code goes into the message.
func failure(err error) types.FailureInfo {
	var e *service.Error
	if !errors.As(err, &e) {
		message := err.Error()
		return types.FailureInfo{
			ErrorCode: types.ErrorCodeInternalServiceException, ErrorMessage: &message, StatusCode: http.StatusInternalServerError,
		}
	}
	message, status := e.Error(), e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return types.FailureInfo{ErrorCode: types.ErrorCodeInvalidParameterException, ErrorMessage: &message, StatusCode: int32(status)}
}

func (t *Tagging) getTagKeys(c *service.Call, in *tagapi.GetTagKeysInput) (*tagapi.GetTagKeysOutput, error) {
	keys := map[string]bool{}
	for _, r := range t.tagged(c, nil, func(resource) bool { return true }) {
		for key := range r.tags {
			keys[key] = true
		}
	}
	page, token, err := cutNames(c, slices.Sorted(maps.Keys(keys)), in.PaginationToken)
	return &tagapi.GetTagKeysOutput{TagKeys: page, PaginationToken: token}, err
}

func (t *Tagging) getTagValues(c *service.Call, in *tagapi.GetTagValuesInput) (*tagapi.GetTagValuesOutput, error) {
	values := map[string]bool{}
	for _, r := range t.tagged(c, nil, func(resource) bool { return true }) {
		if in.Key != nil {
			if value, ok := r.tags[*in.Key]; ok {
				values[value] = true
			}
		}
	}
	page, token, err := cutNames(c, slices.Sorted(maps.Keys(values)), in.PaginationToken)
	return &tagapi.GetTagValuesOutput{TagValues: page, PaginationToken: token}, err
}

// mostNames is the page size of tag keys and values.
const mostNames = 1000

func cutNames(c *service.Call, names []string, token *string) ([]string, *string, error) {
	after, err := decodeToken(c.Operation, token)
	if err != nil {
		return nil, nil, err
	}
	if after != "" {
		i, found := slices.BinarySearch(names, after)
		if found {
			i++
		}
		names = names[i:]
	}
	if names == nil {
		names = []string{}
	}
	if len(names) <= mostNames {
		return names, new(string), nil
	}
	page := names[:mostNames]
	return page, encodeToken(c.Operation, page[mostNames-1]), nil
}
