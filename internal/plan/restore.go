package plan

import "github.com/glueguard/glueguard/internal/resource"

// Restore lists the steps that make the saved original again when it is gone: twin first, so that the encrypted one
// stays until the other is proven. After Retire there is nothing to replace. It returns ErrNoDefinition or ErrNoLabels,
// wrapped, where there is nothing to make it from.
func Restore(k Kept) ([]Step, error) {
	if k.isTransform() {
		return k.restoreTransform()
	}
	saved, err := k.savedEndpoint()
	if err != nil {
		return nil, err
	}
	restored := func(role Role, name string) endpointSteps {
		d := saved.Definition
		d.Name = name
		return endpointSteps{role: role, is: d, vows: originalPromise(k.Item), known: true, limit: limitOf(k.Item)}
	}
	name := saved.Definition.Name
	final := restored(Restored, name)
	var steps []Step
	if replacement, ok := k.Current[Replacement]; ok {
		twin := restored(RestoredTwin, TwinName(replacement))
		steps = append(steps, twin.make("restored-twin")...)
		steps = append(steps, irrevocable(k.encryptedEndpoint(Replacement).delete("replacement"))...)
		steps = append(steps, withoutInverse(final.make("restored"))...)
		steps = append(steps, twin.delete("restored-twin")...)
	} else {
		// The name is free, or about to be: the twin under its own name is the working one meanwhile.
		if k.Item.Strategy != Retire {
			steps = append(steps, waitGone("wait-original-gone", Original, limitOf(k.Item)))
		}
		steps = append(steps, final.make("restored")...)
	}
	if _, ok := k.Current[Twin]; ok {
		steps = append(steps, irrevocable(k.encryptedEndpoint(Twin).delete("twin"))...)
	}
	return append(steps, final.removeTags()), nil
}

// restoreTransform makes the transform again and teaches it from the export; then it takes its name from the encrypted
// one, which goes last.
func (k Kept) restoreTransform() ([]Step, error) {
	saved, err := k.savedTransform()
	if err != nil {
		return nil, err
	}
	taught := teaching{was: saved, s3: k.Labels, tolerance: toleranceOf(k.Item)}
	switch {
	case saved.LabelCount == 0:
		taught.s3 = ""
	case k.Labels == "":
		return nil, k.missing(ErrNoLabels)
	}
	name := saved.Definition.Name
	restored := transformSteps{role: Restored, is: saved.Definition, vows: originalPromise(k.Item), known: true, limit: limitOf(k.Item)}
	encrypted, there := k.Current[Twin]
	takesName := there && k.Item.Strategy == Replace
	if takesName {
		restored = restored.called(TwinName(encrypted))
	}
	steps := append(restored.make("restored"), restored.teach("restored", taught)...)
	old := k.encryptedTransform()
	if takesName {
		steps = append(steps,
			old.rename("rename-twin", RetiredName(encrypted)),
			restored.rename("rename-restored", name))
		old, restored = old.called(RetiredName(encrypted)), restored.called(name)
	}
	if there {
		steps = append(steps, k.pointBack()...)
		if takesName {
			steps = append(steps, restored.verify("verify-restored-name", restored.taught(taught), "read it again under its own name: all as it was"))
		}
		steps = append(steps, irrevocable(old.delete("twin"))...)
	}
	return append(steps, restored.removeTags()), nil
}

// pointBack lists the steps that point jobs, which the change pointed at the encrypted transform, at the restored one.
func (k Kept) pointBack() []Step {
	var steps []Step
	for _, s := range k.Item.Steps {
		if s.Kind == RepointJob {
			steps = append(steps, repointJob(s.Job, Twin, Restored))
		}
	}
	return steps
}

// RestoreWarnings lists what must be accepted before an original is made again: that what works is unencrypted after.
func RestoreWarnings(k Kept) []Warning {
	if k.Item.Strategy == Retire || strength(k.Item.From) >= strength(k.Item.To) {
		return nil
	}
	return []Warning{weaker(k.Item.To, k.Item.From)}
}

func (k Kept) savedEndpoint() (resource.EndpointDetail, error) {
	if k.SavedEndpoint == nil {
		return resource.EndpointDetail{}, k.missing(ErrNoDefinition)
	}
	saved := *k.SavedEndpoint
	if k.Item.Configuration == nil {
		// It named none, or one that did not exist. AWS refuses the second at creation; without it the endpoint is just as
		// unencrypted.
		saved.Definition.SecurityConfiguration = ""
	}
	return saved, nil
}

func (k Kept) savedTransform() (resource.TransformDetail, error) {
	if k.SavedTransform == nil {
		return resource.TransformDetail{}, k.missing(ErrNoDefinition)
	}
	saved := *k.SavedTransform
	if k.Item.Configuration == nil {
		saved.Definition.TaskRunSecurityConfiguration = "" // likewise
	}
	return saved, nil
}
