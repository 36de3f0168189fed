package report

// appendTo implements jsonAppender.
func (e *ocsfEvent) appendTo(t jsonText) jsonText {
	t = t.text(`{"activity_name":`, e.Activity).number(`,"activity_id":`, int64(e.ActivityID))
	t = t.text(`,"category_name":`, e.Category).number(`,"category_uid":`, int64(e.CategoryUID))
	t = t.text(`,"class_name":`, e.Class).number(`,"class_uid":`, int64(e.ClassUID))
	t = t.text(`,"type_name":`, e.Type).number(`,"type_uid":`, int64(e.TypeUID)).number(`,"time":`, e.Time)
	t = t.text(`,"severity":`, e.Severity).number(`,"severity_id":`, int64(e.SeverityID))
	t = t.text(`,"status":`, e.Status).number(`,"status_id":`, int64(e.StatusID)).text(`,"status_code":`, e.StatusCode)
	t = t.optional(`,"status_detail":`, e.StatusDetail).text(`,"message":`, e.Message)
	t = e.Metadata.appendTo(append(t, `,"metadata":`...))
	t = e.Info.appendTo(append(t, `,"finding_info":`...))
	t = e.Compliance.appendTo(append(t, `,"compliance":`...))
	if r := e.Remediation; r != nil {
		t = append(t.text(`,"remediation":{"desc":`, r.Desc).texts(`,"references":`, r.References), '}')
	}
	t = append(t, `,"resources":[`...)
	for i := range e.Resources {
		if i > 0 {
			t = append(t, ',')
		}
		t = e.Resources[i].appendTo(t)
	}
	t = e.Cloud.appendTo(append(t, `],"cloud":`...))
	return append(e.Unmapped.appendTo(append(t, `,"unmapped":`...)), '}')
}

func (m *ocsfMetadata) appendTo(t jsonText) jsonText {
	t = t.text(`{"uid":`, m.UID).text(`,"correlation_uid":`, m.Correlation).text(`,"version":`, m.Version).texts(`,"profiles":`, m.Profiles)
	t = t.text(`,"product":{"uid":`, m.Product.UID).text(`,"name":`, m.Product.Name).text(`,"vendor_name":`, m.Product.Vendor)
	return append(t.optional(`,"version":`, m.Product.Version).text(`,"url_string":`, m.Product.URL), "}}"...)
}

func (i *ocsfInfo) appendTo(t jsonText) jsonText {
	t = t.text(`{"uid":`, i.UID).text(`,"title":`, i.Title).optional(`,"desc":`, i.Desc).texts(`,"types":`, i.Types).number(`,"last_seen_time":`, i.LastSeen)
	t = t.text(`,"analytic":{"uid":`, i.Analytic.UID).text(`,"name":`, i.Analytic.Name).text(`,"type":`, i.Analytic.Type)
	return append(t.number(`,"type_id":`, int64(i.Analytic.TypeID)), "}}"...)
}

func (c *ocsfCompliance) appendTo(t jsonText) jsonText {
	t = t.text(`{"control":`, c.Control).text(`,"status":`, c.Status).number(`,"status_id":`, int64(c.StatusID)).text(`,"status_code":`, c.StatusCode)
	t = t.texts(`,"status_details":`, c.Details)
	if len(c.Standards) > 0 {
		t = t.texts(`,"standards":`, c.Standards)
	}
	if len(c.Requirements) > 0 {
		t = t.texts(`,"requirements":`, c.Requirements)
	}
	return append(t, '}')
}

func (r *ocsfResource) appendTo(t jsonText) jsonText {
	name := `,"name":`
	if r.UID == "" {
		name = `{"name":`
	}
	t = t.optional(`{"uid":`, r.UID).text(name, r.Name).text(`,"type":`, r.Type).optional(`,"region":`, r.Region).text(`,"cloud_partition":`, r.Partition)
	for i, tag := range r.Tags {
		begin := `,{"name":`
		if i == 0 {
			begin = `,"tags":[{"name":`
		}
		t = append(t.text(begin, tag.Name).text(`,"value":`, tag.Value), '}')
	}
	if len(r.Tags) > 0 {
		t = append(t, ']')
	}
	return append(t, '}')
}

func (c *ocsfCloud) appendTo(t jsonText) jsonText {
	t = t.text(`{"provider":`, c.Provider).text(`,"cloud_partition":`, c.Partition).optional(`,"region":`, c.Region)
	if a := c.Account; a != nil {
		t = append(t.text(`,"account":{"uid":`, a.UID).text(`,"type":`, a.Type).number(`,"type_id":`, int64(a.TypeID)), '}')
	}
	return append(t, '}')
}

func (u *ocsfUnmapped) appendTo(t jsonText) jsonText {
	t = append(t, '{')
	if u.Change != "" {
		t = append(t.text(`"change":`, string(u.Change)), ',')
	}
	if u.Since != "" {
		t = append(t.text(`"since_audit":`, u.Since), ',')
	}
	t = t.encryption(`"encryption":`, u.Encryption).advisories(`,"advisories":`, u.Advisories)
	t = t.optional(`,"remediation_command":`, u.Command)
	if u.Exception != nil {
		t = t.exception(`,"exception":`, u.Exception)
	}
	return append(t, '}')
}
