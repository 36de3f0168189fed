package inventory

import (
	"errors"
	"strings"
	"testing"

	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestRegionsThatDoNotExist(t *testing.T) {
	t.Parallel()
	known := []string{"ap-south-1", "eu-west-1", "us-east-1", "us-east-2"}
	for name, c := range map[string]struct {
		asked  []string
		denied []string // operations
		want   string   // of the error
	}{
		"all exist":                 {[]string{"us-east-1", "eu-west-1"}, nil, ""},
		"two letters swapped":       {[]string{"us-east-1", "eu-wset-1"}, nil, `region "eu-wset-1" does not exist: did you mean eu-west-1?`},
		"a letter short":            {[]string{"us-est-2"}, nil, "did you mean us-east-2?"},
		"nothing like it":           {[]string{"cn-northwest-1"}, nil, `region "cn-northwest-1" does not exist`},
		"listed by ec2":             {[]string{"eu-wset-1"}, []string{opListRegions}, "did you mean eu-west-1?"},
		"regions can't be listed":   {[]string{"eu-wset-1"}, []string{opListRegions, "ec2:DescribeRegions"}, ""},
		"not enabled, but existing": {[]string{"ap-south-1"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.regions = known
			f.fail = func(call fakeCall) error {
				for _, op := range c.denied {
					if call.op == op {
						return apiErr("AccessDeniedException", "no")
					}
				}
				return nil
			}
			scope := everything
			scope.Regions = c.asked
			_, err := scanCtx(t.Context(), f.scanner(t), scope)
			var wrong *RegionError
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &wrong) || !strings.HasSuffix(err.Error(), c.want)):
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && f.count(fakeCall{op: opDevEndpoints}) > 0 {
				t.Error("something was read all the same")
			}
		})
	}
}

// TestOrganizationsThatCannotBeTrue has lists of accounts that nobody should take for whole.
func TestOrganizationsThatCannotBeTrue(t *testing.T) {
	t.Parallel()
	for name, members := range map[string][]map[string]string{
		"nobody":             {},
		"without the caller": {{"Id": "222222222222", "State": "ACTIVE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.members = members
			scope := everything
			scope.Organization = true
			got := scan(t, f.scanner(t), scope)
			if s := got[home+"/"]; s == nil || s.Coverage[0].Operation != opListAccounts || s.Coverage[0].Status != string(resource.Errored) {
				t.Errorf("got %+v", got)
			}
			if got[home+"/us-east-1"] == nil {
				t.Error("the caller's own account was not read")
			}
		})
	}
}

// TestAccountsOfStatesNotKnown are read, not skipped.
func TestAccountsOfStatesNotKnown(t *testing.T) {
	t.Parallel()
	f := newFake()
	ids := organization(f, "ACTIVE", "", "RESTING")
	scope := everything
	scope.Organization = true
	got := scan(t, f.scanner(t), scope)
	for _, id := range ids {
		if s := got[id+"/us-east-1"]; s == nil || !s.DevEndpoints.IsKnown() {
			t.Errorf("%s was not read", id)
		}
	}
}

func TestResourcesWithoutAnIdentifier(t *testing.T) {
	t.Parallel()
	f := newFake()
	l := f.at(home, "us-east-1")
	l.endpoint("d1", "")
	l.endpoints = append(l.endpoints, gluetypes.DevEndpoint{}, gluetypes.DevEndpoint{})
	l.transforms = append(l.transforms, gluetypes.MLTransform{}, gluetypes.MLTransform{})
	s := scan(t, f.scanner(t), everything)[home+"/us-east-1"]
	if !s.DevEndpoints.IsUnknown() || !s.MLTransforms.IsUnknown() {
		t.Error("resources that can't be told apart were taken for one")
	}
}

func TestTheGravestFailureStandsForAll(t *testing.T) {
	t.Parallel()
	classes := []resource.FailureClass{
		resource.Skipped, resource.Denied, resource.Unsupported, resource.Throttled, resource.Denied, resource.Skipped,
	}
	for i := range classes {
		var c tally
		for j := range classes {
			c.fail(resource.Failure{Class: classes[(i+j)%len(classes)]})
		}
		if c.failure.Class != resource.Throttled || c.failed != len(classes) {
			t.Errorf("%+v", c)
		}
	}
}

// TestThrottledConfigurationsAreNotReadOneByOne has a location throttle the list of configurations for ever.
func TestThrottledConfigurationsAreNotReadOneByOne(t *testing.T) {
	t.Parallel()
	f := newFake()
	l := f.at(home, "us-east-1")
	for _, name := range strings.Split("abcdefghijklmnop", "") {
		l.endpoint(name, name)
		l.configure(name, "")
	}
	f.fail = func(c fakeCall) error {
		if strings.HasPrefix(c.op, opConfiguration) {
			return apiErr("ThrottlingException", "Rate exceeded")
		}
		return nil
	}
	s := scan(t, f.scanner(t, func(o *awsapi.Options) { o.ThrottleLimit = 1 }), everything)[home+"/us-east-1"]
	if n := f.count(fakeCall{op: opConfiguration}); n != 0 {
		t.Errorf("%d configurations were asked for one by one", n)
	}
	for name, fact := range s.SecurityConfigurations {
		if fact.Failure().Class != resource.Throttled {
			t.Errorf("%s: %+v", name, fact)
		}
	}
}
