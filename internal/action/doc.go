// Package action is the only room that changes anything at AWS. For each kind of step it knows how to see whether the
// step's effect is there, and how to make the one call that brings it about.
//
// Doing never retries: whether a call may be sent again is for those to say who keep the journal. Looking does, as all
// reads do.
package action
