package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// arnsPerCall is AWS's limit for tag:GetResources. A call that names ARNs has no pages.
const arnsPerCall = 100

// tags fills in the tags of what was listed. A batch that fails leaves the tags of its own resources unknown.
func (r *run) tags(ctx context.Context, p *awsapi.Place, devs []resource.DevEndpoint, mls []resource.MLTransform) tally {
	t := tally{operation: opResources}
	facts := make([]*resource.Fact[map[string]string], 0, len(devs)+len(mls))
	arns := make([]string, 0, len(devs)+len(mls))
	for i := range devs {
		arns, facts = append(arns, devs[i].ARN.String()), append(facts, &devs[i].Tags)
	}
	for i := range mls {
		arns, facts = append(arns, mls[i].ARN.String()), append(facts, &mls[i].Tags)
	}
	var mu sync.Mutex // guards t
	var reading sync.WaitGroup
	for batch := range slices.Chunk(arns, arnsPerCall) {
		batchFacts := facts[:len(batch)]
		facts = facts[len(batch):]
		reading.Go(func() {
			failure := r.tagBatch(ctx, p, batch, batchFacts)
			mu.Lock()
			defer mu.Unlock()
			if failure != nil {
				t.fail(*failure)
				t.failed += len(batch) - 1
				return
			}
			t.pages++
			t.items += len(batch)
		})
	}
	reading.Wait()
	return t
}

func (r *run) tagBatch(ctx context.Context, p *awsapi.Place, arns []string, facts []*resource.Fact[map[string]string]) *resource.Failure {
	in := &resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: arns}
	out, err := awsapi.Read(ctx, p, opResources, r.tagging.GetResources, in, p.Tagging)
	if err != nil {
		f := awsapi.Classify(err, opResources)
		for _, fact := range facts {
			*fact = resource.Unknown[map[string]string](f)
		}
		return &f
	}
	tags := make(map[string]map[string]string, len(out.ResourceTagMappingList))
	for i := range out.ResourceTagMappingList {
		m := &out.ResourceTagMappingList[i]
		of := make(map[string]string, len(m.Tags))
		for _, tag := range m.Tags {
			of[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		tags[aws.ToString(m.ResourceARN)] = of
	}
	for i, fact := range facts {
		of := tags[arns[i]] // AWS leaves out what has no tags
		if of == nil {
			of = map[string]string{}
		}
		*fact = resource.Known(of)
	}
	return nil
}
