package awsapi

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/glueguard/glueguard/internal/awsapi/sagemaker"
)

// The options for services that only some commands call are made when they are asked for: an audit makes thousands of
// places and needs none of them.

// EC2 points a call of the EC2 client at the place.
func (p *Place) EC2() []func(*ec2.Options) {
	return []func(*ec2.Options){func(o *ec2.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

// IAM points a call of the IAM client at the place's account; the SDK knows the partition's own region for it.
func (p *Place) IAM() []func(*iam.Options) {
	return []func(*iam.Options){func(o *iam.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

// S3 points a call of the S3 client at the place's account in a bucket's region; empty: the place's own.
func (p *Place) S3(region string) []func(*s3.Options) {
	region = cmp.Or(region, p.Location.Region)
	return []func(*s3.Options){func(o *s3.Options) { o.Region, o.Credentials = region, p.account }}
}

// CloudFormation points a call of the CloudFormation client at the place.
func (p *Place) CloudFormation() []func(*cloudformation.Options) {
	return []func(*cloudformation.Options){func(o *cloudformation.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

// Quotas points a call of the Service Quotas client at the place.
func (p *Place) Quotas() []func(*servicequotas.Options) {
	return []func(*servicequotas.Options){func(o *servicequotas.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

// SageMaker points a call of the SageMaker client at the place.
func (p *Place) SageMaker() []func(*sagemaker.Options) {
	return []func(*sagemaker.Options){func(o *sagemaker.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

// SecurityHub points a call of the Security Hub client at the place.
func (p *Place) SecurityHub() []func(*securityhub.Options) {
	return []func(*securityhub.Options){func(o *securityhub.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}
