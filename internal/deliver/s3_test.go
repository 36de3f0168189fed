package deliver_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func TestParseBucket(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"s3://audits":                  "s3://audits/x.json",
		"s3://audits/":                 "s3://audits/x.json",
		"s3://audits/glue/prod":        "s3://audits/glue/prod/x.json",
		"s3://audits.example/glue/":    "s3://audits.example/glue/x.json",
		"s3://audits//glue":            "s3://audits/glue/x.json",
		"":                             "",
		"audits":                       "",
		"s3://":                        "",
		"s3:///glue":                   "",
		"s3://A_b/glue":                "",
		"https://audits.s3.amazonaws.": "",
	} {
		b, err := deliver.ParseBucket(url)
		switch {
		case want == "" && !errors.Is(err, deliver.ErrBucket):
			t.Errorf("%q: %v, want ErrBucket", url, err)
		case want != "" && (err != nil || b.URL("x.json") != want):
			t.Errorf("%q: %s, %v, want %s", url, b.URL("x.json"), err, want)
		}
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bucket, in, encryption string
		fault                  string
	}{
		"in the home region":           {bucket: "glue-labels-111111111111-us-east-1", in: "us-east-1", encryption: "AES256"},
		"in another region":            {bucket: "glue-labels-111111111111-eu-west-1", in: "eu-west-1", encryption: "AES256"},
		"as the bucket encrypts":       {bucket: "glue-secure-111111111111-us-east-1", in: "us-east-1", encryption: "aws:kms"},
		"after an answer that is lost": {bucket: "glue-labels-111111111111-us-east-1", in: "us-east-1", encryption: "AES256", fault: "drop-response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, session := world(t, sandbox.Options{})
			if test.fault != "" {
				faults(t, server, `[{"operation":"s3:PutObject","error":"`+test.fault+`","times":1}]`)
			}
			content := strings.Repeat("a finding\n", 10_000)
			path := filepath.Join(t.TempDir(), "report")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			u, err := deliver.NewUploader(t.Context(), session, deliver.Bucket{Name: test.bucket, Prefix: "reports"})
			if err != nil {
				t.Fatal(err)
			}
			size, err := u.Put(t.Context(), deliver.File{Name: "a.csv", Path: path, ContentType: "text/csv"})
			if err != nil || size != int64(len(content)) {
				t.Fatalf("%d bytes, %v", size, err)
			}
			client := s3.NewFromConfig(plain(server), func(o *s3.Options) { o.UsePathStyle, o.Region = true, test.in })
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &test.bucket, Key: aws.String("reports/a.csv")})
			if err != nil {
				t.Fatal(err)
			}
			defer out.Body.Close()
			got, err := io.ReadAll(out.Body)
			if err != nil || string(got) != content || aws.ToString(out.ContentType) != "text/csv" || string(out.ServerSideEncryption) != test.encryption {
				t.Errorf("%d bytes, type %s, encrypted by %s, %v", len(got), aws.ToString(out.ContentType), out.ServerSideEncryption, err)
			}
		})
	}
}

func TestUploadRefused(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	_, err := deliver.NewUploader(t.Context(), session, deliver.Bucket{Name: "no-such-bucket"})
	var call *deliver.CallError
	if !errors.As(err, &call) || call.Failure.Operation != "s3:HeadBucket" {
		t.Errorf("a bucket that is not there: %v", err)
	}
	u, err := deliver.NewUploader(t.Context(), session, deliver.Bucket{Name: "glue-labels-111111111111-us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	faults(t, server, `[{"operation":"s3:PutObject","error":"AccessDenied"}]`)
	path := filepath.Join(t.TempDir(), "report")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = u.Put(t.Context(), deliver.File{Name: "a.csv", Path: path, ContentType: "text/csv"})
	if !errors.As(err, &call) || call.Failure.Code != "AccessDenied" || call.Failure.Operation != "s3:PutObject" {
		t.Errorf("a bucket that may not be written to: %v", err)
	}
	if _, err = u.Put(t.Context(), deliver.File{Name: "a.csv", Path: path + "-gone"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
