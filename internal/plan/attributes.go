package plan

import (
	"strconv"

	"github.com/glueguard/glueguard/internal/resource"
)

// attributes lists everything of the resource before and after, under Terraform's names. What forces the replacement is
// marked: neither endpoints nor transforms can change their encryption in place.
func (p *proposal) attributes() []Attribute {
	var before, after []row
	var decided []string // by AWS
	switch {
	case p.endpoint != nil:
		before = append(endpointRows(RecreatableEndpoint(p.endpoint.Definition)), endpointState(p.endpoint)...)
		if p.w.Strategy != Retire {
			to := p.endpointTo
			if p.w.Strategy == SideBySide {
				to.Name = SideBySideName(p.identity())
			}
			after = endpointRows(to)
			decided = []string{"private_address", "public_address", "yarn_endpoint_address", "availability_zone"}
		}
	default:
		before = append(transformRows(RecreatableTransform(p.transform.Definition)), transformState(p.transform)...)
		if p.w.Strategy != Retire {
			to := p.transTo
			if p.w.Strategy == SideBySide {
				to.Name = SideBySideName(p.identity())
			}
			after = append(transformRows(to), row{"label_count", strconv.Itoa(p.transform.LabelCount)})
			decided = []string{"id", "arn"}
		}
	}
	before = append(before, awsTagRows(p)...)
	before = append(before, configurationRows(p.old)...)
	if p.w.Strategy != Retire {
		after = append(after, configurationRows(p.used())...)
	}
	return marked(joined(before, after), decided)
}

// used is the configuration that the encrypted one names.
func (p *proposal) used() *resource.SecurityConfiguration {
	switch {
	case p.made != nil:
		return p.made
	case p.endpointTo.SecurityConfiguration == "" && p.transTo.TaskRunSecurityConfiguration == "":
		return nil
	}
	return p.old
}

// marked marks what AWS decides, and what forces the replacement, and covers what is the user's own.
func marked(all []Attribute, decided []string) []Attribute {
	for i, a := range all {
		all[i] = covered(a)
		for _, name := range decided {
			if a.Name == name {
				all[i].AfterUnknown = true
			}
		}
		switch a.Name {
		case "security_configuration",
			"transform_encryption.ml_user_data_encryption.mode",
			"transform_encryption.ml_user_data_encryption.kms_key_id",
			"transform_encryption.task_run_security_configuration_name":
			all[i].Forces = len(decided) > 0 && a.Before != a.After
		}
	}
	return all
}

// endpointState is what AWS adds to an endpoint and a replacement changes.
func endpointState(d *resource.EndpointDetail) []row {
	return []row{
		{"private_address", d.PrivateAddress},
		{"public_address", d.PublicAddress},
		{"yarn_endpoint_address", d.YarnAddress},
		{"availability_zone", d.AvailabilityZone},
	}
}

func transformState(d *resource.TransformDetail) []row {
	return []row{{"id", d.ID}, {"arn", d.ARN}, {"label_count", strconv.Itoa(d.LabelCount)}}
}

// awsTagRows lists the tags that no creation takes.
func awsTagRows(p *proposal) []row {
	if p.endpoint != nil {
		return mapRows("tags", p.endpoint.AWSTags)
	}
	return mapRows("tags", p.transform.AWSTags)
}

// configurationRows lists what a security configuration says, under the names of Terraform's
// aws_glue_security_configuration.
func configurationRows(c *resource.SecurityConfiguration) []row {
	if c == nil {
		return nil
	}
	const prefix = "encryption_configuration."
	var rows []row
	for i, e := range c.S3 {
		name := prefix + "s3_encryption."
		if i > 0 {
			name = prefix + "s3_encryption." + strconv.Itoa(i) + "."
		}
		rows = append(rows, row{name + "s3_encryption_mode", string(e.Mode)}, row{name + "kms_key_arn", e.KMSKey})
	}
	for _, part := range []struct {
		name  string
		block *resource.Encryption
	}{
		{"cloudwatch_encryption", c.CloudWatch}, {"job_bookmarks_encryption", c.JobBookmarks}, {"data_quality_encryption", c.DataQuality},
	} {
		if b := block(part.block); b != nil {
			name := prefix + part.name + "."
			rows = append(rows, row{name + part.name + "_mode", string(b.Mode)}, row{name + "kms_key_arn", b.KMSKey})
		}
	}
	return rows
}
