package organizations

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *Organizations) isParent(id string) bool {
	return id == x.rootID() || x.units[id] != nil
}

// managerOf also refuses parents that don't exist; the lock is held.
func (x *Organizations) managerOf(c *service.Call, parent *string) *service.Error {
	if err := x.manager(c); err != nil {
		return err
	}
	if !x.isParent(aws.ToString(parent)) {
		return service.Errorf("ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	return nil
}

func (x *Organizations) describeOU(c *service.Call, u *unit) types.OrganizationalUnit {
	return types.OrganizationalUnit{
		Id: aws.String(u.id), Name: aws.String(u.name), Arn: aws.String(x.arn(c.Partition, "ou/"+x.id()+"/"+u.id)),
	}
}

func (x *Organizations) unitsIn(parent string) []*unit {
	var in []*unit
	for _, u := range x.unitOrder {
		if u.parent == parent {
			in = append(in, u)
		}
	}
	return in
}

func (x *Organizations) listRoots(c *service.Call, in *awsorg.ListRootsInput) (*awsorg.ListRootsOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	return &awsorg.ListRootsOutput{Roots: []types.Root{{
		Id: aws.String(x.rootID()), Name: aws.String("Root"), Arn: aws.String(x.arn(c.Partition, "root/"+x.id()+"/"+x.rootID())),
		PolicyTypes: x.policyTypes(),
	}}}, nil
}

func (x *Organizations) listParents(c *service.Call, in *awsorg.ListParentsInput) (*awsorg.ListParentsOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	child := aws.ToString(in.ChildId)
	var parent string
	if a := x.accounts[child]; a != nil {
		parent = a.parent
	} else if u := x.units[child]; u != nil {
		parent = u.parent
	} else {
		return nil, service.Errorf("ChildNotFoundException", "We can't find an organizational unit (OU) or AWS account with the ChildId that you specified.")
	}
	kind := types.ParentTypeOrganizationalUnit
	if parent == x.rootID() {
		kind = types.ParentTypeRoot
	}
	return &awsorg.ListParentsOutput{Parents: []types.Parent{{Id: aws.String(parent), Type: kind}}}, nil
}

func (x *Organizations) listChildren(c *service.Call, in *awsorg.ListChildrenInput) (*awsorg.ListChildrenOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.managerOf(c, in.ParentId); err != nil {
		return nil, err
	}
	var all []types.Child
	if in.ChildType == types.ChildTypeAccount {
		for _, a := range x.accountsIn(*in.ParentId) {
			all = append(all, types.Child{Id: aws.String(a.id), Type: in.ChildType})
		}
	} else {
		for _, u := range x.unitsIn(*in.ParentId) {
			all = append(all, types.Child{Id: aws.String(u.id), Type: in.ChildType})
		}
	}
	cut, next, err := page(all, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	return &awsorg.ListChildrenOutput{Children: cut, NextToken: next}, nil
}

func (x *Organizations) listUnits(c *service.Call, in *awsorg.ListOrganizationalUnitsForParentInput) (*awsorg.ListOrganizationalUnitsForParentOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.managerOf(c, in.ParentId); err != nil {
		return nil, err
	}
	cut, next, err := page(x.unitsIn(*in.ParentId), in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	out := &awsorg.ListOrganizationalUnitsForParentOutput{NextToken: next, OrganizationalUnits: []types.OrganizationalUnit{}}
	for _, u := range cut {
		out.OrganizationalUnits = append(out.OrganizationalUnits, x.describeOU(c, u))
	}
	return out, nil
}

func (x *Organizations) createUnit(c *service.Call, in *awsorg.CreateOrganizationalUnitInput) (*awsorg.CreateOrganizationalUnitOutput, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.managerOf(c, in.ParentId); err != nil {
		return nil, err
	}
	for _, u := range x.unitsIn(*in.ParentId) {
		if strings.EqualFold(u.name, aws.ToString(in.Name)) {
			return nil, service.Errorf("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
		}
	}
	u := x.addUnit(*in.ParentId, aws.ToString(in.Name))
	return &awsorg.CreateOrganizationalUnitOutput{OrganizationalUnit: new(x.describeOU(c, u))}, nil
}

func noUnit() *service.Error {
	return service.Errorf("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
}

func (x *Organizations) describeUnit(c *service.Call, in *awsorg.DescribeOrganizationalUnitInput) (*awsorg.DescribeOrganizationalUnitOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	u := x.units[aws.ToString(in.OrganizationalUnitId)]
	if u == nil {
		return nil, noUnit()
	}
	return &awsorg.DescribeOrganizationalUnitOutput{OrganizationalUnit: new(x.describeOU(c, u))}, nil
}

func (x *Organizations) deleteUnit(c *service.Call, in *awsorg.DeleteOrganizationalUnitInput) (*awsorg.DeleteOrganizationalUnitOutput, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	id := aws.ToString(in.OrganizationalUnitId)
	if x.units[id] == nil {
		return nil, noUnit()
	}
	if len(x.accountsIn(id))+len(x.unitsIn(id)) > 0 {
		return nil, service.Errorf("OrganizationalUnitNotEmptyException", "The organizational unit contains accounts or other units.")
	}
	delete(x.units, id)
	for i, u := range x.unitOrder {
		if u.id == id {
			x.unitOrder = append(x.unitOrder[:i:i], x.unitOrder[i+1:]...)
			break
		}
	}
	return &awsorg.DeleteOrganizationalUnitOutput{}, nil
}
