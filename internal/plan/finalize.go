package plan

// FinalizeSteps lists the steps that retire what the change kept as its way back; none where it kept nothing. It
// returns ErrNotKept, wrapped, where there is no encrypted one to stay, and ErrNoDefinition where the original that would
// go was never saved.
func FinalizeSteps(k Kept) ([]Step, error) {
	_, twin := k.Current[Twin]
	switch {
	case k.Item.Strategy == Retire:
		return k.deleteLabels(), nil
	case !k.isTransform() && k.Item.Strategy == Replace:
		if !k.KeepTwin {
			return nil, nil
		}
		if !twin {
			return nil, k.missing(ErrNotKept)
		}
		return []Step{k.encryptedEndpoint(Twin).removeTags()}, nil
	case !twin:
		return nil, k.missing(ErrNotKept)
	case !k.isTransform():
		return k.finalizeEndpoint()
	}
	return k.finalizeTransform()
}

func (k Kept) finalizeEndpoint() ([]Step, error) {
	saved, err := k.savedEndpoint()
	if err != nil {
		return nil, err
	}
	steps := append([]Step{checkUnreferenced()}, deleteOriginalEndpoint(saved, originalPromise(k.Item), limitOf(k.Item))...)
	return append(steps, k.encryptedEndpoint(Twin).removeTags()), nil
}

func (k Kept) finalizeTransform() ([]Step, error) {
	i := k.Item
	was, err := k.savedTransform()
	if err != nil {
		return nil, err
	}
	original := transformSteps{role: Original, is: was.Definition, vows: originalPromise(i), known: true, limit: limitOf(i)}
	if i.Strategy == Replace {
		original = original.called(RetiredName(i.Identity))
	}
	doomed := original.delete("original")
	doomed[0].Promise.Labels = was.LabelCount
	steps := append([]Step{checkUnreferenced()}, irrevocable(doomed)...)
	steps = append(steps, k.deleteLabels()...)
	return append(steps, k.encryptedTransform().removeTags()), nil
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
	if made, ok := k.Item.made(); ok {
		e.is, e.vows, e.known = *made.Endpoint, encryptionOf(made), true
	}
	e.is.Name = k.Current[role].Name
	return e
}

// encryptedTransform builds the steps of the transform that the change made, under the name that it has at the end.
func (k Kept) encryptedTransform() transformSteps {
	t := transformSteps{role: Twin, limit: limitOf(k.Item)}
	if made, ok := k.Item.made(); ok {
		t.is, t.vows, t.known = *made.Transform, encryptionOf(made), true
	}
	if k.Item.Strategy == Replace {
		return t.called(k.Item.Identity.Name)
	}
	return t.called(twinName(k.Item.Strategy, k.Item.Identity))
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
