package plan

// FinalizeSteps lists the steps that retire what the change kept as its way back; none where it kept nothing. It
// returns ErrNotKept, wrapped, where a twin is to be accepted and there is none.
func FinalizeSteps(k Kept) ([]Step, error) {
	_, twin := k.Current[Twin]
	switch {
	case k.Item.Strategy == Retire:
		return k.deleteLabels(), nil
	case k.Item.Endpoint != nil && k.Item.Strategy == Replace:
		if !k.KeepTwin {
			return nil, nil
		}
		if !twin {
			return nil, k.missing(ErrNotKept)
		}
		return []Step{k.encryptedEndpoint(Twin).removeTags()}, nil
	case !twin:
		return nil, k.missing(ErrNotKept)
	case k.Item.Endpoint != nil:
		steps := append([]Step{checkUnreferenced()}, deleteOriginalEndpoint(k.Item, limitOf(k.Item))...)
		return append(steps, k.encryptedEndpoint(Twin).removeTags()), nil
	}
	return k.finalizeTransform(), nil
}

func (k Kept) finalizeTransform() []Step {
	i := k.Item
	was := *i.Transform
	if k.SavedTransform != nil {
		was = *k.SavedTransform
	}
	original := transformSteps{role: Original, is: was.Definition, vows: originalPromise(i), limit: limitOf(i)}
	if i.Strategy == Replace {
		original = original.called(RetiredName(i.Identity))
	}
	doomed := original.delete("original")
	doomed[0].Promise.Labels = was.LabelCount
	steps := append([]Step{checkUnreferenced()}, irrevocable(doomed)...)
	steps = append(steps, k.deleteLabels()...)
	return append(steps, k.encryptedTransform().removeTags())
}

func (k Kept) deleteLabels() []Step {
	if !k.DeleteLabels || k.Labels == "" {
		return nil
	}
	return []Step{{
		Name: "delete-exported-labels", Kind: DeleteLabels, S3: k.Labels,
		Summary:      "delete the exported labels in " + k.Labels,
		Precondition: "they are the files that this change exported",
	}}
}

// encryptedEndpoint builds the steps of the endpoint that the change made in a role.
func (k Kept) encryptedEndpoint(role Role) endpointSteps {
	e := endpointSteps{role: role, limit: limitOf(k.Item)}
	made, vow, ok := k.Item.made()
	if ok {
		e.is, e.vows = *made.Promise.Endpoint, vow
	}
	e.is.Name = k.Current[role].Name
	return e
}

// encryptedTransform builds the steps of the transform that the change made, under the name that it has at the end.
func (k Kept) encryptedTransform() transformSteps {
	t := transformSteps{role: Twin, limit: limitOf(k.Item)}
	made, vow, ok := k.Item.made()
	if ok {
		t.is, t.vows = *made.Promise.Transform, vow
	}
	if k.Item.Strategy == Replace {
		return t.called(k.Item.Identity.Name)
	}
	return t.called(TwinName(k.Item.Identity))
}

// FinalizeWarnings lists what must be accepted before a change is finalized: after it nothing of the original is left
// but its definition.
func FinalizeWarnings(k Kept) []Warning {
	steps, err := FinalizeSteps(k)
	if err != nil {
		return nil
	}
	for _, s := range steps {
		if s.Irrevocable {
			return irreversible(k.Item, "a backout after finalize makes the original again from its saved definition")
		}
	}
	return nil
}
