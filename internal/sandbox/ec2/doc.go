// Package ec2 is the part of EC2 that the sandbox serves: regions, and the networks that a preflight looks at (VPCs,
// subnets, route tables, NAT gateways, VPC endpoints, addresses, interfaces, security groups), all read-only over the
// API and put in place by scenarios.
//
// Every account and region has the default VPC that AWS makes. Its ids follow from the account and region, so that a
// place that nobody seeded costs no memory.
package ec2
