package inventory

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// ownFolder keeps what is exported apart from the file that the labels came from.
const ownFolder = "/glueguard/"

// besideImport looks for a place for a transform's labels where none was named: beside the label file that was imported
// last, which its owner chose for these labels before. The bucket must be the account's own, since a bucket's name, once
// given up, is free for others.
func (s *site) besideImport(ctx context.Context, found *resource.Surroundings) {
	found.LabelsBeside = resource.Absent[string]()
	t, ok := found.Transform.Value()
	if !ok || t.LabelCount == 0 {
		return
	}
	path, err := s.lastImport(ctx, t.ID)
	if err != nil {
		found.LabelsBeside = unread[string](err, opMLTaskRuns)
		return
	}
	name, _, ok := parseS3(path)
	if !ok {
		return
	}
	if err := s.owns(ctx, name); err != nil {
		found.LabelsBeside = unread[string](err, opHeadBucket)
		return
	}
	beside := beside(path)
	found.LabelsBeside, found.Labels = resource.Known(beside), s.bucket(ctx, beside)
}

// owns is the error by which S3 refuses a bucket that is not the account's own, or is gone.
func (s *site) owns(ctx context.Context, bucket string) error {
	in := &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &s.place.Location.Account}
	_, err := awsapi.Read(ctx, s.place, opHeadBucket, s.session.S3.HeadBucket, in, s.place.S3(""))
	return err
}

// lastImport is the path that a transform's labels were imported from last; "" when no import is known.
func (s *site) lastImport(ctx context.Context, id string) (path string, err error) {
	in := &glue.GetMLTaskRunsInput{
		TransformId: &id, MaxResults: aws.Int32(taskRunsPerPage),
		Filter: &types.TaskRunFilterCriteria{TaskRunType: types.TaskTypeImportLabels, Status: types.TaskStatusTypeSucceeded},
		Sort:   &types.TaskRunSortCriteria{Column: types.TaskRunSortColumnTypeStarted, SortDirection: types.SortDirectionTypeDescending},
	}
	_, err = pages(func(token *string) (*string, error) {
		in.NextToken = token
		out, err := awsapi.Read(ctx, s.place, opMLTaskRuns, s.session.Glue.GetMLTaskRuns, in, s.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.TaskRuns {
			if p := out.TaskRuns[i].Properties; p != nil && p.ImportLabelsTaskRunProperties != nil {
				path = aws.ToString(p.ImportLabelsTaskRunProperties.InputS3Path)
				return nil, nil //nolint:nilnil // the newest is the first: no further page is asked for
			}
		}
		return out.NextToken, nil
	})
	return path, err
}

// beside is the folder next to a label file, or next to a folder of them, so that a later import of that folder does not
// take what was exported for more labels.
func beside(path string) string {
	if above, _, ours := strings.Cut(path, ownFolder); ours {
		return above + ownFolder
	}
	path = strings.TrimSuffix(path, "/")
	if at := strings.LastIndex(path, "/"); at > len("s3://") {
		return path[:at] + ownFolder
	}
	return path + ownFolder
}
