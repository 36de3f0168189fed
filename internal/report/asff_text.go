package report

// appendTo implements jsonAppender.
func (s *SecurityFinding) appendTo(t jsonText) jsonText {
	t = t.text(`{"SchemaVersion":`, s.SchemaVersion).text(`,"Id":`, s.ID).text(`,"ProductArn":`, s.ProductARN)
	t = t.text(`,"GeneratorId":`, s.GeneratorID).text(`,"AwsAccountId":`, s.AWSAccountID).texts(`,"Types":`, s.Types)
	t = t.text(`,"LastObservedAt":`, s.LastObservedAt).text(`,"CreatedAt":`, s.CreatedAt).text(`,"UpdatedAt":`, s.UpdatedAt)
	t = s.Severity.appendTo(append(t, `,"Severity":`...))
	t = t.text(`,"Title":`, s.Title).text(`,"Description":`, s.Description)
	if r := s.Remediation; r != nil {
		t = t.text(`,"Remediation":{"Recommendation":{"Text":`, r.Recommendation.Text).text(`,"Url":`, r.Recommendation.URL)
		t = append(t, "}}"...)
	}
	t = t.text(`,"SourceUrl":`, s.SourceURL).pairs(`,"ProductFields":`, s.ProductFields)
	t = append(t, `,"Resources":[`...)
	for i := range s.Resources {
		if i > 0 {
			t = append(t, ',')
		}
		t = s.Resources[i].appendTo(t)
	}
	t = s.Compliance.appendTo(append(t, `],"Compliance":`...))
	t = t.text(`,"RecordState":`, s.RecordState)
	t = s.FindingProviderFields.Severity.appendTo(append(t, `,"FindingProviderFields":{"Severity":`...))
	return append(t.texts(`,"Types":`, s.FindingProviderFields.Types), "}}"...)
}

func (s *SecuritySeverity) appendTo(t jsonText) jsonText {
	return append(t.text(`{"Label":`, s.Label).optional(`,"Original":`, s.Original), '}')
}

func (r *SecurityResource) appendTo(t jsonText) jsonText {
	t = t.text(`{"Type":`, r.Type).text(`,"Id":`, r.ID).optional(`,"Partition":`, r.Partition).optional(`,"Region":`, r.Region)
	if len(r.Tags) > 0 {
		t = t.pairs(`,"Tags":`, r.Tags)
	}
	return append(t.pairs(`,"Details":{"Other":`, r.Details.Other), "}}"...)
}

func (c *SecurityCompliance) appendTo(t jsonText) jsonText {
	t = t.text(`{"Status":`, c.Status)
	if len(c.RelatedRequirements) > 0 {
		t = t.texts(`,"RelatedRequirements":`, c.RelatedRequirements)
	}
	for i, r := range c.StatusReasons {
		begin := `,{"ReasonCode":`
		if i == 0 {
			begin = `,"StatusReasons":[{"ReasonCode":`
		}
		t = append(t.text(begin, r.ReasonCode).text(`,"Description":`, r.Description), '}')
	}
	if len(c.StatusReasons) > 0 {
		t = append(t, ']')
	}
	return append(t, '}')
}
