package console

import "github.com/glueguard/glueguard/internal/auth"

// repairRoutes adds the pages of plans, changes, requests and what is left behind.
func (c *console) repairRoutes() {
	c.page("GET /resource/edit", auth.Propose, c.edit)
	c.page("POST /resource/edit", auth.Propose, c.save)
	c.page("GET /plans", auth.See, c.plans)
	c.page("POST /plans", auth.Propose, c.planAll)
	c.page("GET /plans/{digest}", auth.See, c.plan)
	c.page("POST /plans/{digest}", auth.Propose, c.apply)
	c.page("GET /changes", auth.See, c.changes)
	c.page("GET /changes/{id}", auth.See, c.change)
	c.stream("GET /changes/{id}/live", auth.See, c.followChange)
	c.page("GET /changes/{id}/evidence", auth.See, c.evidence)
	c.page("GET /changes/{id}/{verb}", auth.See, c.confirm)
	c.page("POST /changes/{id}/{verb}", auth.Propose, c.askForVerb)
	c.page("GET /requests", auth.See, c.requests)
	c.page("GET /requests/{id}", auth.See, c.request)
	c.stream("GET /requests/{id}/live", auth.See, c.followRequest)
	c.page("POST /requests/{id}/decision", auth.Decide, c.decide)
	c.page("POST /requests/{id}/start", auth.Run, c.start)
	c.page("POST /requests/{id}/withdrawal", auth.Propose, c.withdraw)
	c.page("POST /requests/{id}/interruption", auth.Run, c.interrupt)
	c.page("GET /cleanup", auth.Propose, c.cleanup)
	c.page("POST /cleanup", auth.Propose, c.askForCleanup)
}
