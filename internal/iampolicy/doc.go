// Package iampolicy reads IAM policy documents (identity policies, key policies, trust policies) and KMS grants, and
// answers who may do what, as far as documents can tell.
//
// Answers have three values, because much of a request is not in the documents: service control policies, session
// policies, VPC endpoint policies, tags, the network it comes from. Whatever depends on something unknown is CantTell;
// it is never rounded to Yes or to No.
package iampolicy
