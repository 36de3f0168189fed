package wire

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzed are inputs with every kind of member between them.
func fuzzed() []struct{ service, operation string } {
	return []struct{ service, operation string }{
		{"glue", "CreateDevEndpoint"},
		{"glue", "CreateMLTransform"},
		{"kms", "Encrypt"},
		{"cloudwatch", "PutMetricData"},
		{"cloudwatch", "GetMetricData"},
	}
}

// FuzzDecodeJSON holds that whatever is read is written in a form that reads the same.
func FuzzDecodeJSON(f *testing.F) {
	plans := fuzzedPlans(f)
	for i, p := range plans {
		v := reflect.New(p.typ).Elem()
		filler{Rand: rand.New(rand.NewPCG(1, 1))}.fill(p, v)
		f.Add(i, appendJSONStruct(nil, p, v))
	}
	f.Add(0, []byte(`{"EndpointName":"a\u00e9\ud83d\ude00\n","Tags":{"a":"b"},"NumberOfNodes":-3}`))
	f.Add(1, []byte(`{"Parameters":{"FindMatchesParameters":{"PrecisionRecallTradeoff":"NaN"}},"Timeout":1e3}`))
	f.Add(2, []byte(` {"Plaintext":"AA==","KeyId":null} `))
	f.Fuzz(func(t *testing.T, i int, src []byte) {
		p := plans[uint(i)%uint(len(plans))]
		first := reflect.New(p.typ)
		if decodeJSON(src, p, first.Elem()) != nil {
			return
		}
		again := reflect.New(p.typ)
		text := appendJSONStruct(nil, p, first.Elem())
		if err := decodeJSON(text, p, again.Elem()); err != nil {
			t.Fatalf("%s was read, but written as %s it is not: %v", src, text, err)
		}
		if diff := cmp.Diff(string(text), string(appendJSONStruct(nil, p, again.Elem()))); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzDecodeCBOR holds the same for CBOR.
func FuzzDecodeCBOR(f *testing.F) {
	plans := fuzzedPlans(f)
	for i, p := range plans {
		v := reflect.New(p.typ).Elem()
		filler{Rand: rand.New(rand.NewPCG(1, 1))}.fill(p, v)
		f.Add(i, appendCBORStruct(nil, p, v))
	}
	f.Add(2, []byte("\xbf\x69Plaintext\x5f\x41a\x41b\xff\xff")) // a byte string in pieces
	f.Add(0, []byte("\xa1\x6dNumberOfNodes\x39\x01\x00"))
	f.Fuzz(func(t *testing.T, i int, src []byte) {
		p := plans[uint(i)%uint(len(plans))]
		first := reflect.New(p.typ)
		if decodeCBOR(src, p, first.Elem()) != nil {
			return
		}
		again := reflect.New(p.typ)
		raw := appendCBORStruct(nil, p, first.Elem())
		if err := decodeCBOR(raw, p, again.Elem()); err != nil {
			t.Fatalf("%x was read, but written as %x it is not: %v", src, raw, err)
		}
		if diff := cmp.Diff(raw, appendCBORStruct(nil, p, again.Elem())); diff != "" {
			t.Error(diff)
		}
	})
}

func fuzzedPlans(f *testing.F) []*plan {
	f.Helper()
	var plans []*plan
	for _, x := range fuzzed() {
		o, err := sdkCodec(f, x.service).operation(x.operation)
		if err != nil {
			f.Fatal(err)
		}
		plans = append(plans, o.input)
	}
	return plans
}

// FuzzDecodeForm holds that no form makes the query decoders fail otherwise than by a refusal.
func FuzzDecodeForm(f *testing.F) {
	iam, ec2, monitoring := sdkCodec(f, "iam"), sdkCodec(f, "ec2"), sdkCodec(f, "cloudwatch")
	f.Add("Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn&ActionNames.member.1=a&ContextEntries.member.1.ContextKeyName=k")
	f.Add("Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=v&Filter.1.Value.3=w&MaxResults=5")
	f.Add("Action=PutMetricData&Version=2010-08-01&Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Timestamp=2026-01-01T00:00:00Z&MetricData.member.1.Value=1.5")
	f.Add("Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.1.Value=&RoleName=%zz")
	f.Add("Action=ListRoles&Version=2010-05-08&MaxItems.member=3&=&.=&..=")
	f.Fuzz(func(t *testing.T, body string) {
		for _, codec := range []*Codec{iam, ec2, monitoring} {
			r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Header: http.Header{
				"Content-Type": {"application/x-www-form-urlencoded"},
			}}
			target, refused := codec.Match(r, []byte(body))
			if refused == nil {
				refused = codec.Decode(target, codec.operations[target.Operation].NewInput())
			}
			if refused != nil && refused.Code == "InternalFailure" {
				t.Error(refused)
			}
		}
	})
}

// FuzzDecodeXML holds the same for XML bodies.
func FuzzDecodeXML(f *testing.F) {
	codec := sdkCodec(f, "s3")
	o, err := codec.operation("PutBucketEncryption")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`))
	f.Add([]byte(`<a><b></a>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		first := reflect.New(o.Input)
		if decodeXMLBody(src, o.input, first.Elem()) != nil || len(src) == 0 {
			return
		}
		again := reflect.New(o.Input)
		text := appendXMLBody(nil, o.input, first.Elem())
		if text = text[len(xmlHeader):]; len(text) == 0 {
			return
		}
		if err := decodeXMLBody(text, o.input, again.Elem()); err != nil {
			t.Fatalf("%s was read, but written as %s it is not: %v", src, text, err)
		}
	})
}
