package report

import (
	"strconv"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// appendTo implements jsonAppender: the finding as the audit document has it.
func (f *comparedFinding) appendTo(t jsonText) jsonText {
	return f.members(append(t, '{'))
}

// members appends what is between the braces, and the second of them.
func (f *comparedFinding) members(t jsonText) jsonText {
	t = t.text(`"id":`, f.ID).text(`,"control":`, string(f.Control)).text(`,"status":`, string(f.Status)).text(`,"reason":`, string(f.Reason))
	t = t.text(`,"message":`, f.Message).text(`,"severity":`, string(f.Severity)).resource(`,"resource":`, f.Resource)
	t = t.encryption(`,"encryption":`, f.Encryption).advisories(`,"advisories":`, f.Advisories).exception(`,"exception":`, f.Exception)
	return append(t.optional(`,"change":`, string(f.Change)), '}')
}

func (t jsonText) resource(key string, r resource.Ref) jsonText {
	t = append(t, key...).text(`{"type":`, string(r.Type)).text(`,"arn":`, r.ARN).text(`,"id":`, r.ID).text(`,"name":`, r.Name)
	return append(t.text(`,"account":`, r.Account).text(`,"region":`, r.Region).pairs(`,"tags":`, r.Tags), '}')
}

func (t jsonText) encryption(key string, e control.Encryption) jsonText {
	t = append(t, key...).text(`{"mode":`, string(e.Mode)).text(`,"kms_key":`, e.KMSKey)
	return append(t.text(`,"security_configuration":`, e.SecurityConfiguration), '}')
}

func (t jsonText) advisories(key string, all []control.Advisory) jsonText {
	t = append(append(t, key...), '[')
	for i, a := range all {
		if i > 0 {
			t = append(t, ',')
		}
		t = append(t.text(`{"code":`, a.Code).text(`,"message":`, a.Message), '}')
	}
	return append(t, ']')
}

func (t jsonText) exception(key string, x *finding.Exception) jsonText {
	t = append(t, key...)
	if x == nil {
		return append(t, "null"...)
	}
	t = t.text(`{"reason":`, x.Reason).text(`,"owner":`, x.Owner).text(`,"expires":`, x.Expires)
	return append(strconv.AppendBool(append(t, `,"expired":`...), x.Expired), '}')
}

// linedFinding is a finding as a line of its own.
type linedFinding struct {
	Type string `json:"type"`
	comparedFinding
}

func (f *linedFinding) appendTo(t jsonText) jsonText {
	return f.members(append(t.text(`{"type":`, f.Type), ','))
}
