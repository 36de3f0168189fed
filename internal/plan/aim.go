package plan

import (
	"cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

func (f FindingRef) logs() bool { return f.Control == control.DevEndpointLogs }

// aim works out what the resource encrypts with now and what it is to become. The resource has been read.
func (p *proposal) aim() {
	p.chooseKeys()
	switch {
	case p.transform != nil:
		p.aimTransform()
	default:
		p.aimEndpoint()
	}
}

// chooseKeys settles which key is meant: as resolved by the caller, or as read; and whether one is to be made.
func (p *proposal) chooseKeys() {
	known, _ := p.s.WantedKey.Value()
	p.key, p.newKey = p.w.Key, p.w.NewKey
	if known.Key.ARN != (resource.ARN{}) && (p.newKey != nil || p.key == "") {
		p.key, p.newKey = known.Key.ARN.String(), nil // an alias that is there already is not made again
	}
	if p.newKey != nil {
		p.key = KeyPlaceholder
	}
	p.logKey = p.w.LogKey
	if p.logKey == "" || p.logKey == KeyPlaceholder {
		p.logKey = p.key
	}
}

func (p *proposal) aimEndpoint() {
	s3 := resource.Encryption{Mode: resource.ModeNone}
	if p.old != nil {
		s3 = inForce(p.old.S3)
	}
	p.from, p.to = s3.Mode, p.w.Mode
	if p.w.Strategy == Retire {
		p.to = ""
		return
	}
	if p.logsOnly() && strength(p.from) >= strength(p.to) {
		p.to, p.key = p.from, s3.KMSKey // it stays as it is
	}
	made := based(p.old, p.wantedS3())
	if p.addsLogs() {
		made.CloudWatch = &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: p.logKey}
	}
	p.endpointTo = RecreatableEndpoint(p.endpoint.Definition)
	p.endpointTo.SecurityConfiguration = p.choose(made)
	p.promised = Promise{Mode: p.to, KMSKey: p.s3Key(), LogMode: logMode(&made), Labels: notCompared}
}

func (p *proposal) aimTransform() {
	d := p.transform.Definition
	userData, taskRuns := userDataMode(d), taskRunMode(d, p.old)
	p.from, p.to = userData, p.w.Mode
	if userData == resource.ModeNone && p.to != resource.ModeSSEKMS {
		p.from = cmp.Or(taskRuns, resource.ModeNone)
	}
	if p.w.Strategy == Retire {
		p.to = ""
		return
	}
	p.transTo = RecreatableTransform(d)
	p.promised = Promise{Mode: resource.ModeNone, Labels: notCompared}
	if p.to == resource.ModeSSEKMS {
		p.promised.Mode, p.promised.KMSKey = resource.ModeSSEKMS, p.key
		p.transTo.UserData = &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: p.key}
	} else if userData != resource.ModeNone {
		p.transTo.UserData = nil
	}
	if p.old != nil && taskRuns == p.to {
		p.promised.TaskMode = taskRuns // what it has serves, with whatever key
		return
	}
	made := based(p.old, p.wantedS3())
	p.transTo.TaskRunSecurityConfiguration = p.choose(made)
	if p.transTo.TaskRunSecurityConfiguration != "" {
		p.promised.TaskMode = p.to
	}
}

// notCompared is the label count of a promise that says nothing of labels.
const notCompared = -1

// wantedS3 is the one S3 entry of the new configuration.
func (p *proposal) wantedS3() resource.Encryption {
	if p.to == resource.ModeNone {
		return resource.Encryption{Mode: resource.ModeDisabled}
	}
	return resource.Encryption{Mode: p.to, KMSKey: p.s3Key()}
}

func (p *proposal) s3Key() string {
	if p.to != resource.ModeSSEKMS {
		return ""
	}
	return p.key
}

// addsLogs tells whether log encryption is new: what there is of it stays, unless another key is asked for by name.
func (p *proposal) addsLogs() bool {
	if !p.w.Logs || p.endpoint == nil || p.w.Strategy == Retire {
		return false
	}
	if logMode(p.old) != resource.ModeSSEKMS {
		return true
	}
	known, _ := p.s.WantedKey.Value()
	return p.w.LogKey != "" && !sameKey(p.old.CloudWatch.KMSKey, p.logKey, known)
}

// choose returns the name of the configuration to use: none where nothing would be in it, the old one where it says the
// same, else that of the new one, which is made.
func (p *proposal) choose(made resource.SecurityConfiguration) string {
	switch {
	case !says(made):
		return ""
	case p.old != nil && SameConfiguration(made, *p.old):
		return p.old.Name
	}
	made.Name = ConfigurationName(made)
	p.made = &made
	return made.Name
}

// usedKey is the key that the change's encryption rests on: that of the logs where S3 has none.
func (p *proposal) usedKey() string {
	if p.w.Strategy == Retire {
		return ""
	}
	if p.to == resource.ModeSSEKMS {
		return p.key
	}
	if p.addsLogs() {
		return p.logKey
	}
	return ""
}

// makesKey tells whether the change makes a key, which it does only where something rests on it.
func (p *proposal) makesKey() bool {
	return p.newKey != nil && (p.to == resource.ModeSSEKMS && p.key == KeyPlaceholder || p.addsLogs() && p.logKey == KeyPlaceholder)
}
