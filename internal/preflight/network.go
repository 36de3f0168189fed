package preflight

import (
	"slices"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// defaultNodes is what AWS gives an endpoint that names no size.
const defaultNodes = 5

// nodes is how many machines, with an address each, an endpoint has.
func nodes(d resource.EndpointDefinition) int {
	switch {
	case d.NumberOfWorkers > 0:
		return int(d.NumberOfWorkers)
	case d.NumberOfNodes > 0:
		return int(d.NumberOfNodes)
	}
	return defaultNodes
}

// network are the checks of an endpoint that is in a subnet.
func (v *subject) network() []plan.Check {
	if v.endpoint.SubnetID == "" {
		return nil
	}
	checks := []plan.Check{v.elasticIP()}
	if !v.makes {
		return checks
	}
	subnet, ok := v.s.Subnet.Value()
	switch {
	case v.s.Subnet.IsAbsent():
		return append(checks, failed(Addresses, "Make the subnet again, or give the endpoint another one.",
			"its subnet %s does not exist", v.endpoint.SubnetID))
	case !ok:
		checks = append(checks, unread(Addresses, "the subnet "+v.endpoint.SubnetID, v.s.Subnet))
		if v.uses.key != "" {
			checks = append(checks, unread(KMSRoute, "the subnet "+v.endpoint.SubnetID, v.s.Subnet))
		}
		return checks
	}
	checks = append(checks, v.addresses(subnet))
	if v.uses.key != "" {
		checks = append(checks, kmsRoute(subnet))
	}
	return checks
}

func (v *subject) addresses(s resource.Subnet) plan.Check {
	need := nodes(*v.endpoint)
	if s.FreeAddresses < need {
		return failed(Addresses, "Free addresses in the subnet.", "addresses free in the subnet %[2]s: %[1]d; a second endpoint needs %[3]d beside the first",
			s.FreeAddresses, s.ID, need)
	}
	return passed(Addresses, "%d addresses of the subnet %s are free; a second endpoint needs %d", s.FreeAddresses, s.ID, need)
}

func kmsRoute(s resource.Subnet) plan.Check {
	const advice = "Add a VPC endpoint for KMS (with private DNS) or a NAT gateway."
	route, ok := s.RouteToKMS.Value()
	switch {
	case ok:
		return passed(KMSRoute, "KMS is reached from %s through %s", s.ID, route)
	case s.RouteToKMS.IsAbsent():
		return failed(KMSRoute, advice, "no way from the subnet %s to KMS was found", s.ID)
	}
	return unread(KMSRoute, "how KMS is reached from the subnet "+s.ID, s.RouteToKMS)
}

// elasticIP looks for an address that was attached by hand. It goes with the original's interface, without a word from
// AWS, and who relies on it can't be seen: a person must say that it may go.
func (v *subject) elasticIP() plan.Check {
	address, ok := v.s.ElasticIP.Value()
	switch {
	case v.s.ElasticIP.IsAbsent():
		return passed(ElasticIP, "no Elastic IP is attached")
	case !ok:
		return unread(ElasticIP, "whether an Elastic IP is attached", v.s.ElasticIP)
	case v.item.Strategy == plan.SideBySide:
		return passed(ElasticIP, "the Elastic IP %s stays with the original until finalize; attach it to the new endpoint before", address)
	}
	return unchecked(ElasticIP, "Attach it again afterwards, or choose --strategy side-by-side; --accept-unchecked="+ElasticIP+" accepts the loss.",
		"the Elastic IP %s is attached by hand and is lost with the original; who relies on it can't be seen", address)
}

// notebooks attach to endpoints by name, so a replacement under the name is found again.
func (v *subject) notebooks() plan.Check {
	all, ok := v.s.Dependents.Value()
	if !ok && !v.s.Dependents.IsAbsent() {
		return unread(Notebooks, "which notebooks are attached", v.s.Dependents)
	}
	names := referring(all)
	switch {
	case len(names) == 0:
		return passed(Notebooks, "no notebook is attached")
	case v.item.Strategy == plan.Retire:
		return failed(Notebooks, "Detach them first, or choose another strategy.", "it is in use: %s", list(names))
	case v.item.Strategy == plan.SideBySide:
		return passed(Notebooks, "these stay with the original and must be moved before finalize: %s", list(names))
	}
	return passed(Notebooks, "these reconnect by name once the replacement is there: %s", list(names))
}

// dependents of a transform name its id, which changes.
func (v *subject) dependents() plan.Check {
	all, ok := v.s.Dependents.Value()
	if !ok && !v.s.Dependents.IsAbsent() {
		return unread(Dependents, "what refers to the transform", v.s.Dependents)
	}
	names := referring(all)
	switch {
	case len(names) == 0:
		return passed(Dependents, "nothing that could be read refers to it")
	case v.item.Strategy == plan.Retire:
		return failed(Dependents, "Take the references out first, or choose --strategy replace.", "it is in use: %s", list(names))
	}
	return passed(Dependents, "these name its id and must name the new one before finalize: %s", list(names))
}

// referring names what refers to the resource. A past task run only tells that it was used.
func referring(all []resource.Dependent) []string {
	var names []string
	for _, d := range all {
		if name := d.Kind + " " + d.Name; d.Kind != "task run" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
