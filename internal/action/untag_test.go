package action

import "github.com/aws/aws-sdk-go-v2/service/glue"

func (w *world) untag(arn string, keys ...string) {
	w.Helper()
	if _, err := w.glue.UntagResource(w.Context(), &glue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: keys}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) tag(arn string, tags map[string]string) {
	w.Helper()
	if _, err := w.glue.TagResource(w.Context(), &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: tags}); err != nil {
		w.Fatal(err)
	}
}
