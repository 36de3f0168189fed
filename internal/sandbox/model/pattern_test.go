package model

import (
	"slices"
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	const glueText = `[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`
	tests := []struct {
		name, pattern string
		takes, not    []string
	}{
		{"none", ``, []string{"", "\n", "any"}, nil},
		{"Glue's names", glueText, []string{"", "plain name", "tab\there", "näme", "名", "😀"}, []string{"two\nlines", "\x00", "näme\r"}},
		{"one or more", `[\w+=,.@-]+`, []string{"a", "a.b@c"}, []string{"", "a b", "ä"}},
		{"anchored", `^[a-zA-Z0-9:/_-]+$`, []string{"alias/k"}, []string{"", "alias/k\n", "alias k"}},
		{"a group that repeats", `([^\r\n])*`, []string{"", "a b"}, []string{"a\nb"}},
		{"the whole text", `\d{12}`, []string{"111122223333"}, []string{"1111222233334", "x111122223333", ""}},
		{"either", `^$|arn:aws[a-z0-9-]*:kms:.*`, []string{"", "arn:aws-cn:kms:cn-north-1:1:key/k"}, []string{"alias/k", "x arn:aws:kms:"}},
		{
			"roles of other partitions", `arn:aws:iam::\d{12}:role/.*`,
			[]string{"arn:aws:iam::111122223333:role/r", "arn:aws-cn:iam::111122223333:role/r", "arn:aws-us-gov:iam::111122223333:role/r"},
			[]string{"arn:aws:iam::1:role/r", "arn:aws:iam::111122223333:user/u"},
		},
		{
			"partitions that are newer than the pattern", `arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*`,
			[]string{"arn:aws-eusc:glue:eusc-de-east-1:1:job/j", "arn:aws:glue:x"},
			[]string{"arn:aws:kms:x"},
		},
		{"IAM's paths", `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, []string{"/", "/a/b/"}, []string{"", "a/", "/a b/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &Shape{Kind: String, Pattern: tt.pattern}
			for _, text := range tt.takes {
				if !s.Matches(text) {
					t.Errorf("%q is refused", text)
				}
			}
			for _, text := range tt.not {
				if s.Matches(text) {
					t.Errorf("%q is taken", text)
				}
			}
		})
	}
}

// TestEveryPatternIsHeld names the patterns that Go can't read.
func TestEveryPatternIsHeld(t *testing.T) {
	t.Parallel()
	index, err := Index()
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, meta := range index {
		s, err := Load(meta.Name)
		if err != nil {
			t.Fatal(err)
		}
		var known []string
		if meta.Name == "securityhub" {
			known = []string{"TagKey"} // a lookahead; the keys of tags that EnableSecurityHub may give to a hub
		}
		if !slices.Equal(s.Unread, known) {
			t.Errorf("%s: patterns of %v are not held, want %v", meta.Name, s.Unread, known)
		}
		for name, shape := range s.Shapes {
			if shape.Pattern == "" {
				continue
			}
			held++
			if _, err := CompilePattern(shape.Pattern); err != nil {
				t.Errorf("%s.%s: %v", meta.Name, name, err)
			}
		}
	}
	if held < 50 {
		t.Errorf("only %d shapes have patterns", held)
	}
}

func BenchmarkMatches(b *testing.B) {
	s := &Shape{Pattern: `[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`}
	text := strings.Repeat("analytics-", 4)
	b.ReportAllocs()
	for b.Loop() {
		if !s.Matches(text) {
			b.Fatal("refused")
		}
	}
}
